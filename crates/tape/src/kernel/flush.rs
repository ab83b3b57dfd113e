//! Flushing to zero what is too small to be a normal number.
//!
//! An adjoint that vanishes through time passes the subnormal numbers (below 1.2e-38 in single precision, 2.2e-308 in double)
//! on its way to zero. They lose digits with every step, and many processors take more than a hundred
//! cycles for a product with one of them: of 2,000 steps of a network that forgets, the few that cross that range
//! can cost more than all others. So a product of matrices clears its adjoint of them before it multiplies.

use crate::Real;

/// `xₖ ← 0` where `|xₖ|` is below the smallest normal number.
pub fn flush<T: Real>(x: &mut [T]) {
    T::vectorize(
        #[inline(always)]
        || {
            for x in x {
                *x = x.flushed();
            }
        },
    );
}

#[test]
fn what_is_below_the_normal_numbers_becomes_zero_and_nothing_else_does() {
    let least = f32::MIN_POSITIVE;
    let mut x = [least, -least, least / 2.0, -least / 2.0, 0.0, f32::INFINITY, f32::NAN, 1.0];
    flush(&mut x);
    assert_eq!(x[..6], [least, -least, 0.0, 0.0, 0.0, f32::INFINITY]);
    assert!(x[6].is_nan() && x[7] == 1.0);
}
