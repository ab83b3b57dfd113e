//! One operation to a file: its formula, its backward rule, its method on [`Var`](crate::Var), its test.
//!
//! To add one, add a file and a line in its family's `mod.rs`.
pub mod activation;
pub mod arithmetic;
pub mod elementary;
pub mod gradient;
pub mod index;
pub mod linear;
pub mod loss;
pub mod normalisation;
pub mod reduction;
pub mod shape;
