//! A reverse-mode tape you can read in one sitting.
//!
//! Values flow one way, adjoints flow back:
//!
//! ```text
//!   leaf ──► Op::forward ──► … ──► loss        record   (Tape, Var)
//!   leaf ◄── Op::backward ◄── … ◄── 1           sweep    (Gradients)
//! ```
//!
//! ```
//! use tape::Tape;
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.leaf(0.5);
//! let y = (x * x + x).tanh();
//! let gradients = tape.backward(y);
//! let slope = 2.0 * (1.0 - 0.75f64.tanh().powi(2));
//! assert!((gradients[x].sum() - slope).abs() < 1e-15);
//! ```
//!
//! | to learn                      | read                              |
//! |-------------------------------|-----------------------------------|
//! | what one operation is         | [`Op`], then any file of [`ops`]  |
//! | how a computation is recorded | [`Tape`]                          |
//! | how adjoints travel back      | [`Tape::backward`], [`Gradients`] |
//! | what a tape looks like        | [`Tape::table`]                   |
//! | where a NaN came from         | [`Tape::trace_non_finite`]        |
//! | how the past is let go        | [`Var::detach`], [`Tape::cut`]    |
//! | how we know it is right       | [`gradcheck`]                     |
//! | tangents and Hessians         | [`forward`]                       |
//! | a formula of one's own        | [`Pointwise`], [`Branching`]      |
//! | less memory, more work        | [`Tape::checkpoint`]              |
//! | what a run costs              | [`Tape::ledger`]                  |
//!
//! A [`Var`] cannot outlive a [`Tape::clear`]; the compiler says so:
//!
//! ```compile_fail,E0502
//! let mut tape = tape::Tape::<f64>::new();
//! let x = tape.leaf(1.0);
//! tape.clear();          // error: `tape` is borrowed by `x`
//! tape.backward(x);
//! ```
mod apply;
mod arena;
mod aside;
mod backward;
mod binary;
mod branching;
mod buffer;
mod checkpoint;
mod cut;
mod error;
mod gather;
mod gradients;
mod hook;
mod inspect;
#[cfg(test)]
mod known;
mod lend;
mod lookup;
mod no_grad;
mod node;
mod notes;
mod number;
mod op;
mod outputs;
mod param;
mod part;
mod partway;
mod pool;
mod postponed;
mod precomputed;
mod real;
mod record;
mod reserve;
mod running;
mod shape;
mod shapes;
mod shells;
mod side_by_side;
mod sweep;
mod table;
mod tape;
mod unary;
mod value;
mod var;
mod within;

pub mod forward;
pub mod gradcheck;
pub mod kernel;
pub mod ops;
pub mod pointwise;

pub use binary::{Binary, Broadcast};
pub use branching::{Branching, Formula};
pub use cut::Mark;
pub use error::{Error, Misfit, Result, Shapes};
pub use forward::{Dual, hessian, hvp, jacobian, jvp};
pub use gradients::Gradients;
pub use inspect::{
    Culprit, Direction, DotOptions, Growth, JsonOptions, Ledger, LedgerRow, Operand, Spread,
};
pub use lend::{Adjoint, Inputs, Output};
pub use no_grad::Pause;
pub use op::{Factor, Op, RowSum};
pub use ops::gradient::clip_gradient::Clip;
pub use ops::reduction::Over;
pub use param::{Param, ParamId};
pub use pointwise::{Expr, Pointwise, Preactivation};
pub use real::Real;
pub use shape::{Shape, broadcast};
pub use table::{Row, Table};
pub use tape::Tape;
pub use unary::{Elementwise, Map};
pub use value::Value;
pub use var::Var;

/// The pages of the book that are about the tape, compiled.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/tape.md")]
    mod tape {}
    #[doc = include_str!("../../../docs/own_op.md")]
    mod own_op {}
}
