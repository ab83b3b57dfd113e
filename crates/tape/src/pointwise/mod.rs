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
//! instructions. Its adjoint is derived from it, once, by one rule for each instruction, and is a program again. Both become
//! plans: what follows upon each other is one step, what nobody needs is left out, and what is dear (`tanh`, `exp`, …) and
//! needed on the way back is saved. A plan runs over blocks of the inputs that stay in the first cache, each step a loop on SIMD
//! lanes; adjoints go straight to where they are summed. No derivative is written by hand, no intermediate gets a node, and
//! every scalar of the tape passes through, duals included.
//!
//! What it costs to be a plan and not compiled code is a jump for each step and block; what it buys is that a formula can be
//! made at run time, and printed.

mod adjoint;
mod draft;
mod expr;
mod layout;
mod op;
mod plan;
mod preactivation;
mod program;
mod run;
mod steps;
#[cfg(test)]
mod tests;

pub use expr::Expr;
pub use op::Pointwise;
pub use preactivation::Preactivation;
