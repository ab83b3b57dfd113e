//! `exp x`: powers of two around a short polynomial.
//!
//! ```text
//! x  = n ln 2 + r,   n whole,  |r| ≤ ½ ln 2
//! eˣ = 2ⁿ eʳ,        eʳ = 1 + r + r² q(r)
//! ```
//!
//! `n` is `x / ln 2` rounded: adding 1.5 · 2²³ (1.5 · 2⁵² in `f64`) pushes every fraction bit
//! out of the significand and leaves `n` in its low bits, ready to be shifted into an exponent.
//! `r` comes from subtracting `n ln 2` in two pieces (Cody and Waite, 1980): the first
//! fused multiply-add is exact, the second rounds once.
//! `q` is the polynomial of least maximal error for `(eʳ − 1 − r) / r²` on `|r| ≤ ½ ln 2`
//! (Remez, 1934): degree 5 errs by 1.3e-9 for `f32`, degree 10 by 1.4e-18 for `f64`, before a
//! factor `r²`. `tests/golden/elementary.py` finds the coefficients.
//!
//! `2ⁿ` is applied as two factors, so that the last multiplication alone overflows to
//! infinity or rounds into the subnormals.

use super::polynomial::horner;
use std::f32::consts as single;
use std::f64::consts as double;

/// `x = n ln 2 + r` and what `eˣ` is made of: `eʳ − 1 = r + tail`, `2ⁿ = scale.0 · scale.1`.
pub(super) struct Reduced<T> {
    pub(super) r: T,
    pub(super) tail: T,
    pub(super) scale: (T, T),
    /// `1 / scale.0`
    pub(super) inverse: T,
    /// `2ⁿ` in one factor, where that is a normal float.
    pub(super) power: T,
}

/// Splits a bounded `x`.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> Reduced<f32> {
    const WHOLE: f32 = 12_582_912.0; // 1.5 · 2²³
    const LN_2_REST: f32 = -1.9046542e-9; // ln 2 − LN_2
    let shifted = x.mul_add(single::LOG2_E, WHOLE);
    let n = shifted - WHOLE;
    let near = n.mul_add(-single::LN_2, x);
    let r = n.mul_add(-LN_2_REST, near);
    let lost = n.mul_add(-LN_2_REST, near - r);
    let q = horner(r, [0.5, 0.16666667, 0.041666467, 0.008333286, 0.0013933652, 0.00019907588]);
    // Twice the bias and n: halved, each half is the exponent field of one factor.
    let field = shifted.to_bits().wrapping_sub(WHOLE.to_bits()).wrapping_add(2 * 127);
    let first = field >> 1;
    let power = |field: u32| f32::from_bits(field << 23);
    Reduced {
        r,
        tail: (r * r).mul_add(q, lost),
        scale: (power(first), power(field.wrapping_sub(first))),
        inverse: power((2 * 127_u32).wrapping_sub(first)),
        power: power(field.wrapping_sub(127)),
    }
}

/// [`reduce_f32`] in double precision.
#[inline(always)]
pub(super) fn reduce_f64(x: f64) -> Reduced<f64> {
    const WHOLE: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²
    const LN_2_REST: f64 = 2.3190468138462996e-17; // ln 2 − LN_2
    let shifted = x.mul_add(double::LOG2_E, WHOLE);
    let n = shifted - WHOLE;
    let near = n.mul_add(-double::LN_2, x);
    let r = n.mul_add(-LN_2_REST, near);
    let lost = n.mul_add(-LN_2_REST, near - r);
    let q = horner(
        r,
        [
            0.5,
            0.1666666666666667,
            0.041666666666666685,
            0.008333333333326134,
            0.0013888888888874398,
            0.00019841269874822285,
            2.4801587347343754e-05,
            2.755725539834847e-06,
            2.755725290755804e-07,
            2.510521769466566e-08,
            2.092159119458892e-09,
        ],
    );
    let field = shifted.to_bits().wrapping_sub(WHOLE.to_bits()).wrapping_add(2 * 1023);
    let first = field >> 1;
    let power = |field: u64| f64::from_bits(field << 52);
    Reduced {
        r,
        tail: (r * r).mul_add(q, lost),
        scale: (power(first), power(field.wrapping_sub(first))),
        inverse: power((2 * 1023_u64).wrapping_sub(first)),
        power: power(field.wrapping_sub(1023)),
    }
}

/// Brings `x` to where `2ⁿ` has its two factors; beyond, `eˣ` is 0 or infinite as at the bound.
#[inline(always)]
pub(super) fn bound_f32(x: f32) -> f32 {
    let x = if x < -105.0 { -105.0 } else { x };
    if x > 90.0 { 90.0 } else { x }
}

/// [`bound_f32`] in double precision.
#[inline(always)]
pub(super) fn bound_f64(x: f64) -> f64 {
    let x = if x < -746.0 { -746.0 } else { x };
    if x > 710.0 { 710.0 } else { x }
}

/// `exp x` in single precision, within 1 ULP.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    let Reduced { r, tail, scale, .. } = reduce_f32(bound_f32(x));
    (1.0 + (r + tail)) * scale.0 * scale.1
}

/// `exp x` in double precision, within 1 ULP.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let Reduced { r, tail, scale, .. } = reduce_f64(bound_f64(x));
    (1.0 + (r + tail)) * scale.0 * scale.1
}
