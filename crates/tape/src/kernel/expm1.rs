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
use crate::Real;

/// `(scale − inverse) + scale (eʳ − 1)`
#[inline(always)]
fn join<T: Real>(r: T, tail: T, scale: T, inverse: T) -> T {
    let whole = scale - inverse;
    let head = scale.mul_add(r, whole);
    let rest = scale.mul_add(r, whole - head);
    scale.mul_add(tail, rest) + head
}

/// `eˣ − 1` of a bounded `x`; +0 at −0.
#[inline(always)]
fn within_f32(x: f32) -> f32 {
    let Reduced { r, tail, scale, inverse, .. } = reduce_f32(x);
    join(r, tail, scale.1, inverse) * scale.0
}

/// [`within_f32`] in double precision.
#[inline(always)]
fn within_f64(x: f64) -> f64 {
    let Reduced { r, tail, scale, inverse, .. } = reduce_f64(x);
    join(r, tail, scale.1, inverse) * scale.0
}

/// The same of an `|x| < 80`, where one factor is enough.
#[inline(always)]
pub(super) fn near_f32(x: f32) -> f32 {
    let Reduced { r, tail, power, .. } = reduce_f32(x);
    join(r, tail, power, 1.0)
}

/// The same of an `|x| < 700`, where one factor is enough.
#[inline(always)]
pub(super) fn near_f64(x: f64) -> f64 {
    let Reduced { r, tail, power, .. } = reduce_f64(x);
    join(r, tail, power, 1.0)
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

#[test]
fn one_factor_gives_the_bits_of_two() {
    for k in -7900..=7900 {
        let x = f64::from(k) / 100.0 + 1e-3;
        assert_eq!(near_f32(x as f32).to_bits(), within_f32(x as f32).to_bits(), "{x}");
        let x = x * 8.0;
        assert_eq!(near_f64(x).to_bits(), within_f64(x).to_bits(), "{x}");
    }
}
