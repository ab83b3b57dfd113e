//! The engine room: loops over plain slices, run on the widest SIMD lanes of the machine.
//!
//! Everything else in the crate says *what* is computed; only this module cares how fast.

pub mod erf;
pub mod exp;
pub mod expm1;
mod flush;
pub mod gemm;
pub(crate) mod line;
pub mod ln;
pub mod ln_1p;
mod matrix;
mod norm;
mod polynomial;
mod quotient;
pub mod sigmoid;
pub mod tanh;

pub use flush::flush;
pub use gemm::Scratch;
pub use matrix::Matrix;
pub(crate) use norm::norm;
