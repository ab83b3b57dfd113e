//! Many numbers made one.

pub mod amax;
pub mod amin;
mod axis;
pub mod cumsum;
#[cfg(test)]
pub(crate) mod examples;
mod extremum;
pub mod logsumexp;
pub mod max_axis;
pub mod mean;
pub mod norm;
mod over;
pub mod prod;
pub mod std;
pub mod sum;
pub mod variance;

pub(crate) use axis::Axis;
pub use over::Over;
