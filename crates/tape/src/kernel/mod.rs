//! The engine room: loops over plain slices, run on the widest SIMD lanes of the machine.
//!
//! Everything else in the crate says *what* is computed; only this module cares how fast.

pub mod exp;
pub mod gemm;
mod matrix;
pub mod sigmoid;
pub mod tanh;

pub use gemm::Scratch;
pub use matrix::Matrix;
