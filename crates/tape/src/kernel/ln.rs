//! `ln x`: the exponent, and a series for the significand.
//!
//! ```text
//! x = 2ᵏ (1 + f),  √½ ≤ 1 + f < √2          ln x = k ln 2 + ln(1 + f)
//! s = f / (2 + f),  z = s²                  ln(1 + f) = 2 artanh s = 2s + s z t(z)
//! ```
//!
//! Since `2s = f − s f`, the last line is evaluated as `f − (h − s (h + z t(z)))` with
//! `h = ½ f²`: the leading term is exact and everything rounded is small beside it (as in
//! K. C. Ng's `log` of 1986 for BSD). `t` is the polynomial of least maximal error on
//! `0 ≤ z ≤ 0.0295` (Remez, 1934): degree 2 errs by 1.9e-7 for `f32`, degree 6 by 3.1e-16 for
//! `f64`, each before a factor `z / 2` relative to `ln x`. `tests/golden/elementary.py` finds
//! the coefficients.

use super::polynomial::horner;
use std::f32::consts as single;
use std::f64::consts as double;

/// `(f, k, 2⁻ᵏ)` with `x = 2ᵏ (1 + f)`, for `x` positive and normal; `2⁻ᵏ` if it is normal.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> (f32, f32, f32) {
    const LEAST: u32 = single::FRAC_1_SQRT_2.to_bits();
    const WHOLE: f32 = 8_388_608.0; // 2²³: the significand's low bits count units
    let offset = x.to_bits().wrapping_sub(LEAST);
    let biased = offset.wrapping_add(127 << 23) >> 23;
    let m = f32::from_bits((offset & 0x007f_ffff) + LEAST);
    let k = f32::from_bits(biased | WHOLE.to_bits()) - (WHOLE + 127.0);
    (m - 1.0, k, f32::from_bits(254_u32.wrapping_sub(biased) << 23))
}

/// [`reduce_f32`] in double precision.
#[inline(always)]
pub(super) fn reduce_f64(x: f64) -> (f64, f64, f64) {
    const LEAST: u64 = double::FRAC_1_SQRT_2.to_bits();
    const WHOLE: f64 = 4_503_599_627_370_496.0; // 2⁵²
    let offset = x.to_bits().wrapping_sub(LEAST);
    let biased = offset.wrapping_add(1023 << 52) >> 52;
    let m = f64::from_bits((offset & 0x000f_ffff_ffff_ffff) + LEAST);
    let k = f64::from_bits(biased | WHOLE.to_bits()) - (WHOLE + 1023.0);
    (m - 1.0, k, f64::from_bits(2046_u64.wrapping_sub(biased) << 52))
}

/// `k ln 2 + ln(1 + f) + rest`, with `rest` tiny.
#[inline(always)]
pub(super) fn join_f32(f: f32, k: f32, rest: f32) -> f32 {
    const LN_2_REST: f32 = -1.9046542e-9; // ln 2 − LN_2
    let s = f / (2.0 + f);
    let z = s * s;
    let h = 0.5 * f * f;
    let t = horner(z, [0.66666687, 0.39988717, 0.29582152]);
    let small = h - s.mul_add(z.mul_add(t, h), k.mul_add(LN_2_REST, rest));
    k.mul_add(single::LN_2, f - small)
}

/// [`join_f32`] in double precision.
#[inline(always)]
pub(super) fn join_f64(f: f64, k: f64, rest: f64) -> f64 {
    const LN_2_REST: f64 = 2.3190468138462996e-17;
    let s = f / (2.0 + f);
    let z = s * s;
    let h = 0.5 * f * f;
    let t = horner(
        z,
        [
            0.666666666666667,
            0.39999999999898445,
            0.2857142862639939,
            0.2222221107281702,
            0.1818289322033006,
            0.15331596911736187,
            0.14617873222520872,
        ],
    );
    let small = h - s.mul_add(z.mul_add(t, h), k.mul_add(LN_2_REST, rest));
    k.mul_add(double::LN_2, f - small)
}

/// `ln x` in single precision, within 1 ULP; −∞ at 0 and NaN below.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let (f, k, _) = reduce_f32(if subnormal { x * 33_554_432.0 } else { x }); // 2²⁵
    let y = join_f32(f, if subnormal { k - 25.0 } else { k }, 0.0);
    let y = if x < f32::INFINITY { y } else { x };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x < 0.0 { f32::NAN } else { y }
}

/// `ln x` in double precision, within 1 ULP; −∞ at 0 and NaN below.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let (f, k, _) = reduce_f64(if subnormal { x * 18_014_398_509_481_984.0 } else { x }); // 2⁵⁴
    let y = join_f64(f, if subnormal { k - 54.0 } else { k }, 0.0);
    let y = if x < f64::INFINITY { y } else { x };
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x < 0.0 { f64::NAN } else { y }
}
