//! A polynomial's value.

use crate::Real;

/// `c₀ + c₁ x + c₂ x² + …` by Horner's rule (1819), one fused multiply-add per degree.
#[inline(always)]
pub(super) fn horner<T: Real, const N: usize>(x: T, c: [T; N]) -> T {
    let mut sum = c[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum.mul_add(x, c[i]);
    }
    sum
}
