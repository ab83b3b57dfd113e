//! Products of matrices.

pub mod affine;
pub mod affine_tanh;
pub mod matmul;
mod product;
