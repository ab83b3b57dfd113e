//! A reverse-mode tape you can read in one sitting.
pub mod kernel;
mod real;

pub use real::Real;
