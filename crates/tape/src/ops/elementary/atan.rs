//! `y = arctan x`, in radians.
//!
//! ```text
//! x̄ += ȳ ⊘ (1 + x²)
//! ```
//!
//! ±π/2 at ±∞, with slope 0.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Atan;

impl<T: Real> Elementwise<T> for Atan {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.atan()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        (T::ONE + x * x).recip()
    }
}

impl<T: Real> Var<'_, T> {
    /// `arctan x`, element by element, in radians, between −π/2 and π/2.
    #[track_caller]
    pub fn atan(self) -> Self {
        self.apply(Map(Atan))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Atan), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Atan,
        &[
            (-1.0, -std::f64::consts::FRAC_PI_4, 0.5),
            (0.0, 0.0, 1.0),
            (1000.0, 1.5697963271282298, 9.99999000001e-7),
            (1e200, std::f64::consts::FRAC_PI_2, 0.0),
            (f64::NEG_INFINITY, -std::f64::consts::FRAC_PI_2, 0.0),
        ],
    );
}
