//! Values looked up by whole numbers.

mod along;
pub mod gather;
pub mod gather_affine;
pub mod gather_rows;
pub mod index_add;
pub mod index_select;
pub mod one_hot;
pub mod scatter_add;
pub mod where_;
