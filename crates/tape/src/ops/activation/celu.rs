//! `y = x` above 0 and `α (e^(x/α) − 1)` below, smooth at 0 for every `α`.
//!
//! ```text
//! x̄ += ȳ ⊙ (1 if x > 0, else e^(x/α))
//! ```
//!
//! NaN has slope NaN. (J. T. Barron, 2017.)

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Celu<T>(pub T);

impl<T: Real> Elementwise<T> for Celu<T> {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        if x > T::ZERO { x } else { self.0 * (x / self.0).expm1() }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x > T::ZERO { T::ONE } else { (x / self.0).exp() }
    }
}

impl<T: Real> Var<'_, T> {
    /// `x` above 0, `α (e^(x/α) − 1)` elsewhere, element by element; `α > 0`.
    #[track_caller]
    pub fn celu(self, alpha: T) -> Self {
        self.apply(Map(Celu(alpha)))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Celu(0.5)), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Celu(0.5),
        &[
            (-1.0, -0.43233235838169365, 0.1353352832366127),
            (-40.0, -0.5, 1.8048513878454153e-35),
            (-1e-20, -1e-20, 1.0),
            (0.0, 0.0, 1.0),
            (1000.0, 1000.0, 1.0),
            (-10000.0, -0.5, 0.0),
            (f64::NAN, f64::NAN, f64::NAN),
        ],
    );
}
