//! Backpropagation through time: one strategy to a file.
//!
//! Each strategy decides where adjoints stop, by letting go of the tape's past; none has a backward pass of its own.

pub mod sliding;
mod truncated;
mod truncation;
mod whole;

pub use truncated::{Block, Unrolling};
pub use truncation::{Truncation, Window};
