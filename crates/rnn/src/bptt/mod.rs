//! Backpropagation through time: one strategy to a file.
//!
//! Each strategy decides where adjoints stop, by letting go of the tape's past; none has a backward pass of its own.

mod budget;
mod checkpointed;
mod schedule;
pub mod sliding;
mod truncated;
mod truncation;
mod whole;

pub use budget::{Budget, Plan};
pub use checkpointed::Checkpointed;
pub use schedule::forward_steps;
pub use truncated::{Block, Unrolling};
pub use truncation::{Truncation, Window};
