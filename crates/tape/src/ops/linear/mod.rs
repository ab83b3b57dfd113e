//! Products of matrices.

pub mod affine;
pub mod affine_tanh;
pub mod dot;
pub mod einsum;
pub mod matmul;
pub mod matmul_columns;
pub(in crate::ops) mod product;
