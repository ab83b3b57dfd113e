//! A polynomial's value.

use crate::Real;

/// `c₀ + c₁ x + c₂ x² + …` by Horner's rule (1819), one fused multiply-add per degree.
///
/// The even powers and the odd ones are summed side by side, each a polynomial in `x²`: neither waits for the other, and
/// a single number is done in little more than half the time.
#[inline(always)]
pub(super) fn horner<T: Real, const N: usize>(x: T, c: [T; N]) -> T {
    let square = x * x;
    let mut sums = [c[N - 1], c[N - 2]];
    for i in (0..N - 2).rev() {
        sums = [sums[1], sums[0].mul_add(square, c[i])];
    }
    sums[0].mul_add(x, sums[1])
}
