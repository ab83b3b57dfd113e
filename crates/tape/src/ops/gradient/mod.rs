//! Ops that leave the value alone and act on the adjoint.

pub mod clip_gradient;
pub mod detach;
pub mod scale_gradient;
