//! Your first tape: a function of two numbers, its gradient, and what was recorded to find it.
//!
//! ```text
//! f(x, y) = tanh(x y + x²)
//! ∂f/∂x = (1 − f²)(y + 2x)        ∂f/∂y = (1 − f²) x
//! ```
//!
//! Run it with `cargo run --example first_tape`. Read the table downwards: each line computes its value from the
//! lines named under `inputs`. Read it upwards: each line hands its adjoint to them.

use tape::Tape;

fn main() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(0.5);
    let y = tape.leaf(-0.2);

    let product = (x * y).watch(); // leaves keep their adjoints; what is between does when watched
    let square = (x * x).watch();
    let f = (product + square).watch().tanh().watch();

    let gradients = tape.backward(f);
    println!("f = {:.6}, ∂f/∂x = {:.6}, ∂f/∂y = {:.6}\n", f.item(), gradients[x], gradients[y]);
    print!("{}", tape.table_with(&gradients));
}
