//! `ln(1 + x)`, accurate where `x` is close to 0.
//!
//! ```text
//! 1 + x = u + e = 2ᵏ (1 + f + 2⁻ᵏ e)       u = 1 + x rounded, e the rounding error
//! ```
//!
//! The error `e` of the sum is itself a float (D. E. Knuth, 1969); folded back into `f` it
//! makes `f = x` whenever `k = 0`. The rest is [`ln`](mod@super::ln).

use super::ln::{join_f32, join_f64, reduce_f32, reduce_f64};

/// `ln(1 + x)` in single precision, within 1 ULP; −∞ at −1 and NaN below.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    let u = 1.0 + x;
    let one = u - x;
    let e = (1.0 - one) + (x - (u - one));
    let (near, k, shrink) = reduce_f32(u);
    let e = if x < 1e9 { e * shrink } else { 0.0 }; // beyond, 1 is nothing beside x
    let f = near + e;
    let y = join_f32(f, k, (near - f) + e);
    let y = if x < f32::INFINITY { y } else { x };
    let y = if x == -1.0 { f32::NEG_INFINITY } else { y };
    let y = if x < -1.0 { f32::NAN } else { y };
    if x == 0.0 { x } else { y } // the sign of −0
}

/// `ln(1 + x)` in double precision, within 1 ULP; −∞ at −1 and NaN below.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let u = 1.0 + x;
    let one = u - x;
    let e = (1.0 - one) + (x - (u - one));
    let (near, k, shrink) = reduce_f64(u);
    let e = if x < 1e18 { e * shrink } else { 0.0 };
    let f = near + e;
    let y = join_f64(f, k, (near - f) + e);
    let y = if x < f64::INFINITY { y } else { x };
    let y = if x == -1.0 { f64::NEG_INFINITY } else { y };
    let y = if x < -1.0 { f64::NAN } else { y };
    if x == 0.0 { x } else { y }
}
