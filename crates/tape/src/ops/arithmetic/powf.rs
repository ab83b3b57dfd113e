//! `y = xᵖ`, a power with a plain number as its exponent.
//!
//! ```text
//! x̄ += ȳ ⊙ p xᵖ⁻¹
//! ```
//!
//! With `p = 0` the slope is 0 everywhere, even at 0 and at NaN, since `x⁰ = 1` is a constant (as PyTorch). `(−0)^½`
//! is +0 with slope ∞, as IEEE 754 and JAX have it. Below 0 only whole exponents have a value, others give NaN.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Powf<T>(pub T);

impl<T: Real> Elementwise<T> for Powf<T> {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.powf(self.0)
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if self.0 == T::ZERO { T::ZERO } else { self.0 * x.powf(self.0 - T::ONE) }
    }
}

impl<T: Real> Var<'_, T> {
    /// `xᵖ`, element by element, for a plain number `p`; NaN below 0 unless `p` is whole.
    #[track_caller]
    pub fn powf(self, p: T) -> Self {
        self.apply(Map(Powf(p)))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[0.2, 0.7, 1.0, 3.5]).into_dyn();
    crate::gradcheck::op(Map(Powf(1.5)), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Powf(1.5),
        &[
            (0.25, 0.125, 0.75),
            (2.0, 2.8284271247461903, 2.1213203435596424),
            (1e200, 9.999999999999999e299, 1.5e100),
            (0.0, 0.0, 0.0),
            (-2.0, f64::NAN, f64::NAN),
        ],
    );
}

#[test]
fn a_whole_exponent_reaches_below_zero_and_a_zero_one_has_no_slope() {
    crate::known::slopes(Powf(3.0), &[(-2.0, -8.0, 12.0), (-0.0, -0.0, 0.0)]);
    crate::known::slopes(Powf(0.0), &[(0.0, 1.0, 0.0), (f64::NAN, 1.0, 0.0), (-2.0, 1.0, 0.0)]);
    crate::known::slopes(
        Powf(-1.0),
        &[(-2.0, -0.5, -0.25), (0.0, f64::INFINITY, f64::NEG_INFINITY)],
    );
}
