//! A user's formula as one node.
//!
//! An elementwise function of several inputs and outputs is written once, with ordinary operators:
//!
//! ```
//! use tape::{Pointwise, Tape};
//!
//! // c′ = σ(f) c + σ(i) tanh(g),   h′ = σ(o) tanh(c′): the gates of an LSTM
//! let gates = Pointwise::new(|[i, f, g, o, c]| {
//!     let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
//!     [o.sigmoid() * c.tanh(), c]
//! });
//!
//! let tape = Tape::<f64>::new();
//! let z = tape.leaf(ndarray::Array2::from_elem((2, 12), 0.1)); // i, f, g and o side by side, [B, 4H]
//! let c = tape.leaf(ndarray::Array2::from_elem((2, 3), 0.5)); //  [B, H]
//! let [h, c] = gates.apply(&[z, c]);
//! assert_eq!(h.shape()[..], [2, 3]);
//! ```
//!
//! The function is run once, on [`Expr`]essions, which write down what is done to them: a program of a few
//! instructions. Forward, the program runs over short stretches of the inputs that stay in the first cache, on SIMD
//! lanes, and keeps the results of what is dear (`tanh`, `exp`, …). Backward, it runs again for what is cheap, reads
//! the rest, and then runs in reverse: each instruction has one rule. No derivative is written by hand, no
//! intermediate gets a node, and every scalar of the tape passes through, duals included.
//!
//! What it costs to be a program and not compiled code is a jump for each instruction and stretch; what it
//! buys is that a formula can be made at run time, and printed.

mod adjoint;
mod draft;
mod expr;
mod layout;
mod op;
mod plan;
mod program;
mod run;
mod steps;
#[cfg(test)]
mod tests;

pub use expr::Expr;
pub use op::Pointwise;
