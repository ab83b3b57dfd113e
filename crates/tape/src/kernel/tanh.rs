//! `tanh x`.

/// `tanh x` in single precision.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    x.tanh()
}

/// `tanh x` in double precision.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    x.tanh()
}
