//! The functions of trigonometry and their kin.

pub mod atan;
pub mod cos;
pub mod cosh;
pub mod erf;
pub mod sin;
pub mod sinh;
pub mod tan;
