//! `σ(x) = 1 / (1 + e⁻ˣ)`, without the overflow.
//!
//! ```text
//! z = e^(−|x|) ≤ 1,    σ(x) = 1 / (1 + z)  for x ≥ 0,    z / (1 + z)  for x < 0
//! ```
//!
//! Both quotients keep their relative accuracy: far to the left `σ(x) → eˣ`, down through the
//! subnormals to 0.

use super::quotient::by_sum;

/// `σ(x)` in single precision, within 1.6 ULP.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    let z = super::exp::f32(-x.abs());
    by_sum(if x >= 0.0 { 1.0 } else { z }, 1.0, z)
}

/// `σ(x)` in double precision, within 1.6 ULP.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let z = super::exp::f64(-x.abs());
    by_sum(if x >= 0.0 { 1.0 } else { z }, 1.0, z)
}
