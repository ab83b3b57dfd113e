//! Backpropagation through time: one strategy to a file.
//!
//! Each strategy decides where adjoints stop, by letting go of the tape's past; none has a backward pass of its own.
//!
//! | strategy | bias | memory | cost of a step |
//! |---|---|---|---|
//! | [`Truncation::Full`] | none | T steps | 1 forward, 1 back |
//! | [`Window`] (k1, k2) | what lies further back than k2 | k2 steps | 1 forward, k2/k1 back |
//! | [`sliding::slide`] k | the same, and the first outputs | k steps | k forward, k back |
//! | [`Randomized`] | none | a segment of random length | 1 forward, 1 back |
//! | [`Randomized::roulette`] | none | the states | as many of both as the draw says |
//! | [`RandomLength`] | that of windows | a segment | 1 forward, 1 back |
//! | [`Checkpointed`] | none | within a [`Budget`] of bytes | a few forward, 1 back |
//!
//! [`Adaptive`] finds a k2 for a bias that is tolerated, [`Spread`] the variance that a random strategy pays with.

pub mod adaptive;
mod budget;
mod checkpointed;
pub mod random_length;
pub mod randomized;
pub mod reweighted;
pub mod roulette;
mod schedule;
mod segment;
pub mod sliding;
mod spread;
mod truncated;
mod truncation;
mod whole;

pub use adaptive::{Adaptive, Decay, LagNorms};
pub use budget::{Budget, Plan};
pub use checkpointed::Checkpointed;
pub use random_length::RandomLength;
pub use randomized::Randomized;
pub use reweighted::Reweighted;
pub use schedule::forward_steps;
pub use segment::{End, Segment, Tally};
pub use spread::Spread;
pub use truncated::{Block, Unrolling};
pub use truncation::{Losses, Truncation, Updates, Window};
