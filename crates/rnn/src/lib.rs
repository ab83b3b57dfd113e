//! Recurrences unrolled onto a [`tape`], so that backpropagation through time is nothing but backpropagation.
mod error;
mod params;

pub mod by_hand;
pub mod clip;
pub mod compare;
pub mod init;
pub mod optim;
pub mod text;
pub mod weights;

pub use error::{Error, Result};
pub use params::{Bound, ParamStore};
