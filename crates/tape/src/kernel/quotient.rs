//! A quotient by a sum, as if the sum had not been rounded.

use crate::Real;

/// `n / (a + b)` for `a, b ≥ 0`, with one division and an error below 0.51 ULP where the quotient is normal.
///
/// The rounding error of `d = a + b` is itself a float (T. J. Dekker, 1971); what the first
/// quotient `q` leaves of `n`, `n − q (a + b)`, is then known to the last place and corrects it.
#[inline(always)]
pub(super) fn by_sum<T: Real>(n: T, a: T, b: T) -> T {
    let d = a + b;
    let lost = b - (d - a);
    let inverse = d.recip();
    let q = n * inverse;
    let left = (-q).mul_add(lost, (-q).mul_add(d, n));
    left.mul_add(inverse, q)
}
