//! Every op before the same witnesses, by a list that is shown to be complete.
//!
//! ```text
//! Jᵀ c   against   (⟨c, f(x + h eₖ)⟩ − ⟨c, f(x − h eₖ)⟩) / 2h           central differences
//! ⟨Jᵀ c, v⟩ = ⟨c, J v⟩                                                  forward mode
//! H v    against   (∇s(x + h v) − ∇s(x − h v)) / 2h,   s = Σ c ⊙ f²      the gradient's differences
//! ⟨u, H v⟩ = ⟨v, H u⟩ = ∂²s(x + εu + ηv)/∂ε∂η                            nested duals
//! Jᵀ (2c) = 2 Jᵀ c, to the last bit                                     linearity
//! ```
//!
//! An op that is not on the list fails [`complete`]; what an op promises instead of all this, the list says.

mod complete;
mod control;
mod counting;
mod first;
mod list;
mod promises;
mod second;
mod steady;
mod witness;

use ndarray::ArrayD;
use tape::{Real, Tape};
use witness::{Function, Point};

/// `f(x)` and the gradients of `⟨c, f⟩`.
fn sweep<T: Real>(
    f: Function<T>,
    x: &[ArrayD<T>],
    cotangent: impl Fn(&ArrayD<T>) -> ArrayD<T>,
) -> (ArrayD<T>, Vec<ArrayD<T>>) {
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
    let y = f(&tape, &vars);
    let value = y.value();
    let gradients = tape.backward_from(&[(y, &cotangent(&value))]);
    (value, vars.iter().map(|&x| gradients[x].clone()).collect())
}

/// An array without symmetry, the `k`-th of its kind.
fn uneven(shape: &[usize], k: usize) -> ArrayD<f64> {
    let mut n = 3.0 * k as f64;
    ArrayD::from_shape_simple_fn(shape, || {
        n += 1.0;
        f64::sin(1.0 + 1.7 * n) + 0.1
    })
}

/// A direction for each input.
fn direction(x: &Point, k: usize) -> Point {
    x.iter().enumerate().map(|(i, x)| uneven(x.shape(), k + 2 * i)).collect()
}

/// `Σ aₖ bₖ`, and the same of the magnitudes: the scale of its rounding.
fn dot(a: &[ArrayD<f64>], b: &[ArrayD<f64>]) -> (f64, f64) {
    let terms = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b);
    terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
}
