//! Rows brought to one scale.

pub mod layer_norm;
