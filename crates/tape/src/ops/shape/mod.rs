//! The same numbers, arranged otherwise.

pub mod broadcast_to;
pub mod concat;
pub mod diagonal;
pub mod flip;
pub mod pad;
pub mod permute;
pub mod rearrange;
pub mod reshape;
pub mod slice;
pub mod split;
pub mod squeeze;
pub mod stack;
pub mod tile;
pub mod transpose;
pub mod triangle;
