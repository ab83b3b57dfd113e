//! Products of matrices.

pub mod affine;
pub mod matmul;
mod product;
