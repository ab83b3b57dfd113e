//! `y = x / (1 + |x|)`, a squash with slow tails.
//!
//! ```text
//! x̄ += ȳ ⊘ (1 + |x|)²
//! ```
//!
//! ±∞ gives NaN, value and slope (as PyTorch and JAX): the `0 · y` in the slope is 0 where `y` is a number.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Softsign;

impl<T: Real> Elementwise<T> for Softsign {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x / (T::ONE + x.abs())
    }
    #[inline(always)]
    fn df(&self, x: T, y: T) -> T {
        let share = (T::ONE + x.abs()).recip();
        share * share + T::ZERO * y
    }
}

impl<T: Real> Var<'_, T> {
    /// `x / (1 + |x|)`, element by element.
    #[track_caller]
    pub fn softsign(self) -> Self {
        self.apply(Map(Softsign))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Softsign), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Softsign,
        &[
            (-1.0, -0.5, 0.25),
            (1.0, 0.5, 0.25),
            (1000.0, 0.999000999000999, 9.98002996004994e-7),
            (-1000.0, -0.999000999000999, 9.98002996004994e-7),
            (1e300, 1.0, 0.0),
            (0.0, 0.0, 1.0),
            (f64::INFINITY, f64::NAN, f64::NAN),
            (f64::NEG_INFINITY, f64::NAN, f64::NAN),
        ],
    );
}
