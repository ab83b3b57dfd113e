//! Recurrences unrolled onto a tape.

mod error;
pub mod text;

pub use error::Error;
