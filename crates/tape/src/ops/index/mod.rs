//! Values looked up by whole numbers.

pub mod gather_rows;
pub mod one_hot;
