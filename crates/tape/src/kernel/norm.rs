//! `√Σ x²`, where the squares would leave the range of the numbers but the root does not.
//!
//! ```text
//! √Σ x² = m √Σ (x/m)²,    m = max |x|
//! ```

use crate::Real;

/// `√Σ x²`. The scale `m` is taken where the plain sum is not surely accurate, and as a constant.
pub(crate) fn norm<T: Real>(x: impl Iterator<Item = T> + Clone) -> T {
    let plain: T = x.clone().map(|x| x * x).sum();
    if plain.primal() > 1e-30 && plain.is_finite() {
        return plain.sqrt();
    }
    let most = x.clone().fold(T::ZERO, |most, x| most.max(x.abs())).primal();
    if most == 0.0 || !most.is_finite() {
        return plain.sqrt();
    }
    let scaled: T = x.map(|x| x / T::of(most)).map(|x| x * x).sum();
    T::of(most) * scaled.sqrt()
}

#[test]
fn the_far_ends_of_the_range_have_a_norm() {
    let of = |x: [f64; 2]| norm(x.into_iter());
    assert_eq!(of([3.0, 4.0]), 5.0);
    assert!((of([3e200, -4e200]) / 5e200 - 1.0).abs() < 1e-15);
    assert!((of([3e-200, 4e-200]) / 5e-200 - 1.0).abs() < 1e-15);
    assert_eq!(of([0.0, 0.0]), 0.0);
    assert_eq!(of([f64::NEG_INFINITY, 1.0]), f64::INFINITY);
    assert!(of([f64::NAN, f64::INFINITY]).is_nan());
}
