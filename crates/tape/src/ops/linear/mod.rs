//! Products of matrices.

pub mod affine;
pub mod dot;
pub mod einsum;
pub mod matmul;
mod product;
