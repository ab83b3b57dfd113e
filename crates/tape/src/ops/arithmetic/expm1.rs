//! `y = eˣ − 1`, accurate where `x` is small.
//!
//! ```text
//! x̄ += ȳ ⊙ eˣ
//! ```
//!
//! The slope is not computed as `y + 1`, which is 0 far to the left, where `eˣ` is not.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Expm1;

impl<T: Real> Elementwise<T> for Expm1 {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.expm1()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        x.exp()
    }
}

impl<T: Real> Var<'_, T> {
    /// `eˣ − 1`, element by element, accurate near 0.
    #[track_caller]
    pub fn expm1(self) -> Self {
        self.apply(Map(Expm1))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Expm1), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Expm1,
        &[
            (1e-20, 1e-20, 1.0),
            (-1e-20, -1e-20, 1.0),
            (-40.0, -1.0, 4.248354255291589e-18),
            (3.0, 19.085536923187668, 20.085536923187668),
            (1000.0, f64::INFINITY, f64::INFINITY),
            (f64::NEG_INFINITY, -1.0, 0.0),
        ],
    );
}
