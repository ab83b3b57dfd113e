//! Recurrences unrolled onto a [`tape`], so that backpropagation through time is nothing but backpropagation.
//!
//! ```text
//!  xₜ ───►┌──────┐───► hₜ ───► loss          one Cell::step per t, recorded
//!  hₜ₋₁ ─►│ Cell │                           Tape::backward does the rest
//!         └──────┘
//! ```
//!
//! | to learn                                   | read                                        |
//! |--------------------------------------------|---------------------------------------------|
//! | what a recurrence says about itself        | [`Cell`], then [`cells::elman`]             |
//! | which recurrences there are                | [`cells`]                                   |
//! | how it becomes a tape, and is cut          | [`unroll()`], [`bptt::Unrolling`]           |
//! | what rows of unequal lengths do            | [`Sequence`]                                |
//! | how layers are put together                | [`layers`], [`Stacked`]                     |
//! | what is left to chance in training         | [`regularize`], [`Bound`]                   |
//! | how a trained cell is used                 | [`Stepper`], [`Trajectory`]                 |
//! | how long sequences fit into memory         | [`bptt::Checkpointed`]                      |
//! | how the past is carried forwards           | [`online`]                                  |
//! | where the parameters live                  | [`ParamStore`], [`weights`]                 |
//! | how the same gradient is found on paper    | [`by_hand`]                                 |
//! | where two gradients part, and why          | [`compare`]                                 |
//! | where a gradient fades, or blows up        | [`diagnose`]                                |
//! | how gradients become better parameters     | [`clip`], [`optim`]                         |
//! | how several threads train one model        | [`shards`]                                  |
//!
//! A whole training step, on one window of one sequence:
//!
//! ```
//! use rand::SeedableRng;
//! use rnn::{Cell, Elman, Input, Linear, ParamStore, Reduction, Rows, init::Uniform, loss::squared_error};
//! use rnn::{bptt::{Truncation, Unrolling}, clip, optim::{Adam, Optimizer}};
//! use tape::Tape;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut store = ParamStore::<f32>::new();
//! let cell = Elman::new(&mut store, "rnn", (2, 16), &Uniform::recurrent(16), &mut rng)?;
//! let head = Linear::new(&mut store, "head", (16, 1), &Uniform::recurrent(16), &mut rng)?;
//! let mut adam = Adam::new(1e-3);
//!
//! let tape = Tape::new();
//! let mut run = Unrolling::new(&tape, &cell, Truncation::Full, cell.zeros(&tape, 4));
//! let xs = ndarray::Array3::from_elem((10, 4, 2), 0.5); // [T, B, X]
//! let ys = ndarray::Array3::zeros((10, 4, 1)); //          [T, B, O]
//!
//! let p = store.bind(&tape);
//! let block = run.advance(p, Input::Dense(tape.constant(&xs)));
//! let outputs = head.forward(p, block.outputs);
//! let loss = squared_error(outputs, tape.constant(&ys), true, Reduction::MeanOverTime, Rows::Mean);
//! let mut gradients = run.backward(loss)?;
//! let clipped = clip::global_norm(&mut gradients, 1.0)?;
//! adam.step(&mut store, &gradients)?;
//! assert!(clipped.norm > 0.0);
//! # Ok::<(), rnn::Error>(())
//! ```
mod activation;
mod bound;
mod cell;
mod embedding;
mod error;
mod initial;
mod input;
mod linear;
mod params;
mod projected;
mod rows;
mod sequence;
mod stacked;
mod state;
mod stepper;
mod tied;
mod trajectory;
mod unroll;

pub mod bptt;
pub mod by_hand;
pub mod cells;
pub mod clip;
pub mod compare;
pub mod diagnose;
pub mod heat_map;
pub mod init;
pub mod layers;
pub mod loss;
pub mod online;
pub mod optim;
pub mod regularize;
pub mod shards;
pub mod spectral;
pub mod text;
pub mod weights;

pub use activation::Activation;
pub use bound::Bound;
pub use cell::{Cell, Widths};
pub use cells::{
    diagonal::Diagonal, elman::Elman, gru::Gru, indrnn::IndRnn, jordan::Jordan, lstm::Lstm,
    mgu::Mgu,
};
pub use embedding::Embedding;
pub use error::{Error, Result};
pub use initial::InitialState;
pub use input::Input;
pub use linear::Linear;
pub use loss::{Readout, Reduction, Rows};
pub use params::ParamStore;
pub use sequence::Sequence;
pub use stacked::{Stacked, StackedState};
pub use state::{State, States};
pub use stepper::Stepper;
pub use tied::Tied;
pub use trajectory::Trajectory;
pub use unroll::unroll;

/// The pages of the book, compiled.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../docs/architecture.md")]
    mod architecture {}
    #[doc = include_str!("../../../docs/layouts.md")]
    mod layouts {}
    #[doc = include_str!("../../../docs/cells.md")]
    mod cells {}
    #[doc = include_str!("../../../docs/memory.md")]
    mod memory {}
    #[doc = include_str!("../../../docs/online.md")]
    mod online {}
    #[doc = include_str!("../../../docs/randomized.md")]
    mod randomized {}
    #[doc = include_str!("../../../docs/performance.md")]
    mod performance {}
    #[doc = include_str!("../../../docs/bptt.md")]
    mod bptt {}
    #[doc = include_str!("../../../docs/vanishing.md")]
    mod vanishing {}
    #[doc = include_str!("../../../docs/comparing.md")]
    mod comparing {}
    #[doc = include_str!("../../../docs/references.md")]
    mod references {}
    #[doc = include_str!("../../../docs/sequences.md")]
    mod sequences {}
    #[doc = include_str!("../../../docs/threads.md")]
    mod threads {}
    #[doc = include_str!("../../../docs/truncation.md")]
    mod truncation {}
}
