//! Recurrences unrolled onto a [`tape`], so that backpropagation through time is nothing but backpropagation.
mod activation;
mod cell;
mod embedding;
mod error;
mod input;
mod linear;
mod params;
mod unroll;

pub mod bptt;
pub mod by_hand;
pub mod cells;
pub mod clip;
pub mod compare;
pub mod init;
pub mod loss;
pub mod optim;
pub mod text;
pub mod weights;

pub use activation::Activation;
pub use cell::{Cell, State, Widths};
pub use cells::elman::Elman;
pub use embedding::Embedding;
pub use error::{Error, Result};
pub use input::Input;
pub use linear::Linear;
pub use loss::{Readout, Reduction, Rows};
pub use params::{Bound, ParamStore};
pub use unroll::unroll;
