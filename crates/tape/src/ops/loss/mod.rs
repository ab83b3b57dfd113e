//! What training makes small.

pub mod cross_entropy;
pub mod log_softmax;
pub mod softmax;
pub mod squared_error;
