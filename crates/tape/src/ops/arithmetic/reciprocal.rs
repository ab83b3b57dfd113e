//! `y = 1 / x`, the reciprocal.
//!
//! ```text
//! x̄ −= ȳ ⊙ y²
//! ```
//!
//! At ±0 the value is ±∞ and the slope −∞; at ±∞ both are 0.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Reciprocal;

impl<T: Real> Elementwise<T> for Reciprocal {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.recip()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        -(y * y)
    }
}

impl<T: Real> Var<'_, T> {
    /// `1 / x`, element by element: ±∞ at ±0.
    #[track_caller]
    pub fn reciprocal(self) -> Self {
        self.apply(Map(Reciprocal))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 4.0]).into_dyn();
    crate::gradcheck::op(Map(Reciprocal), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Reciprocal,
        &[
            (-4.0, -0.25, -0.0625),
            (0.1, 10.0, -99.99999999999999),
            (1e300, 1e-300, -0.0),
            (0.0, f64::INFINITY, f64::NEG_INFINITY),
            (-0.0, f64::NEG_INFINITY, f64::NEG_INFINITY),
            (f64::INFINITY, 0.0, -0.0),
        ],
    );
}
