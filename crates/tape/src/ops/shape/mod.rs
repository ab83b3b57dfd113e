//! The same numbers, arranged otherwise.

pub mod concat;
pub mod reshape;
pub mod slice;
pub mod stack;
pub mod transpose;
