//! The squashes and gates of a network.

pub mod identity;
pub mod relu;
pub mod sigmoid;
pub mod tanh;
