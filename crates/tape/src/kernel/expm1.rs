//! `eˣ − 1`, accurate where `eˣ` is close to 1.
//!
//! ```text
//! eˣ − 1 = (2ⁿ − 1) + 2ⁿ (eʳ − 1)          x = n ln 2 + r
//! ```
//!
//! with `r` and `eʳ − 1 = r + tail` from [`exp`](mod@super::exp). `2ⁿ − 1` is exact as long as
//! it matters; adding `2ⁿ r` to it loses a rest which the fused multiply-add recovers, so that
//! only the last addition rounds at full size.

use super::exp::{Reduced, bound_f32, bound_f64, reduce_f32, reduce_f64};

/// `eˣ − 1` of a bounded `x`; +0 at −0.
#[inline(always)]
pub(super) fn within_f32(x: f32) -> f32 {
    let Reduced { r, tail, scale, inverse } = reduce_f32(x);
    let whole = scale.1 - inverse;
    let head = scale.1.mul_add(r, whole);
    let rest = scale.1.mul_add(r, whole - head);
    (scale.1.mul_add(tail, rest) + head) * scale.0
}

/// [`within_f32`] in double precision.
#[inline(always)]
pub(super) fn within_f64(x: f64) -> f64 {
    let Reduced { r, tail, scale, inverse } = reduce_f64(x);
    let whole = scale.1 - inverse;
    let head = scale.1.mul_add(r, whole);
    let rest = scale.1.mul_add(r, whole - head);
    (scale.1.mul_add(tail, rest) + head) * scale.0
}

/// `eˣ − 1` in single precision, within 1.1 ULP.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    let y = within_f32(bound_f32(x));
    if x == 0.0 { x } else { y } // the sign of −0
}

/// `eˣ − 1` in double precision, within 1.1 ULP.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let y = within_f64(bound_f64(x));
    if x == 0.0 { x } else { y } // the sign of −0
}
