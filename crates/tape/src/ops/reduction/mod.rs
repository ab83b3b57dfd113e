//! Many numbers made one.

mod axis;
pub mod mean;
pub mod sum;

pub(crate) use axis::Axis;
