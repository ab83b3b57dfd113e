//! `σ(x)`.

/// `σ(x)` in single precision.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// `σ(x)` in double precision.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
