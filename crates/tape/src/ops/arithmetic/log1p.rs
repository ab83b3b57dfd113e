//! `y = ln(1 + x)`, accurate where `x` is small.
//!
//! ```text
//! x̄ += ȳ ⊘ (1 + x)
//! ```
//!
//! −∞ at −1, where the slope is ∞; NaN below, where the slope is that of the formula.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Log1p;

impl<T: Real> Elementwise<T> for Log1p {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.ln_1p()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        (T::ONE + x).recip()
    }
}

impl<T: Real> Var<'_, T> {
    /// `ln(1 + x)`, element by element, accurate near 0: −∞ at −1, NaN below.
    #[track_caller]
    pub fn log1p(self) -> Self {
        self.apply(Map(Log1p))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-0.5, -0.2, 0.3, 4.0]).into_dyn();
    crate::gradcheck::op(Map(Log1p), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Log1p,
        &[
            (1e-20, 1e-20, 1.0),
            (-0.5, -std::f64::consts::LN_2, 2.0),
            (1e300, 690.7755278982137, 1e-300),
            (-1.0, f64::NEG_INFINITY, f64::INFINITY),
            (-2.0, f64::NAN, -1.0),
            (f64::INFINITY, f64::INFINITY, 0.0),
        ],
    );
}
