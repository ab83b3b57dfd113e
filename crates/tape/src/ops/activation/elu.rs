//! `y = x` above 0 and `α (eˣ − 1)` below, the exponential linear unit.
//!
//! ```text
//! x̄ += ȳ ⊙ (1 if x > 0, else α eˣ)
//! ```
//!
//! At 0 the slope is `α`, that from below. NaN has slope NaN (as JAX; PyTorch has 1).
//! (D.-A. Clevert, T. Unterthiner and S. Hochreiter, 2016, with α = 1.)

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Elu<T>(pub T);

impl<T: Real> Elementwise<T> for Elu<T> {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        if x > T::ZERO { x } else { self.0 * x.expm1() }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x > T::ZERO { T::ONE } else { self.0 * x.exp() }
    }
}

impl<T: Real> Var<'_, T> {
    /// `x` above 0, `α (eˣ − 1)` elsewhere, element by element.
    #[track_caller]
    pub fn elu(self, alpha: T) -> Self {
        self.apply(Map(Elu(alpha)))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Elu(0.5)), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Elu(0.5),
        &[
            (-1.0, -0.31606027941427883, 0.18393972058572117),
            (-40.0, -0.5, 2.1241771276457944e-18),
            (-1e-20, -5e-21, 0.5),
            (0.0, 0.0, 0.5),
            (1000.0, 1000.0, 1.0),
            (-10000.0, -0.5, 0.0),
            (f64::NAN, f64::NAN, f64::NAN),
        ],
    );
}
