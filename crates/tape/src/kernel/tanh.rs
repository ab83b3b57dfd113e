//! `tanh x`: one exponential and one division.
//!
//! ```text
//! tanh |x| = E / (E + 2),   E = e^(2|x|) − 1,   tanh(−x) = −tanh x
//! ```
//!
//! `E` keeps its relative accuracy as `x → 0` (see [`expm1`](mod@super::expm1)), hence so does
//! the quotient; the sign is put back at the end, hence oddness is exact. `|x|` is cut off where
//! the result has long rounded to 1.

use super::quotient::by_sum;

/// `tanh x` in single precision, within 1.6 ULP.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    let size = x.abs();
    let size = if size > 10.0 { 10.0 } else { size };
    let e = super::expm1::near_f32(size + size);
    by_sum(e, 2.0, e).copysign(x)
}

/// `tanh x` in double precision, within 1.6 ULP.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let size = x.abs();
    let size = if size > 20.0 { 20.0 } else { size };
    let e = super::expm1::near_f64(size + size);
    by_sum(e, 2.0, e).copysign(x)
}
