//! `y = cos x`, in radians.
//!
//! ```text
//! x̄ −= ȳ ⊙ sin x
//! ```
//!
//! NaN at ±∞.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Cos;

impl<T: Real> Elementwise<T> for Cos {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.cos()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        -x.sin()
    }
}

impl<T: Real> Var<'_, T> {
    /// `cos x`, element by element, in radians.
    #[track_caller]
    pub fn cos(self) -> Self {
        self.apply(Map(Cos))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Cos), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Cos,
        &[
            (-1.0, 0.5403023058681398, 0.8414709848078965),
            (0.0, 1.0, 0.0),
            (3.0, -0.9899924966004454, -0.1411200080598672),
            (1000.0, 0.5623790762907029, -0.8268795405320025),
            (f64::INFINITY, f64::NAN, f64::NAN),
            (f64::NEG_INFINITY, f64::NAN, f64::NAN),
        ],
    );
}
