//! `y = sign x`, the direction.
//!
//! ```text
//! x̄ += 0
//! ```
//!
//! A step: its slope is 0 wherever it has one, and 0 is given at the step as well. NaN stays NaN (as JAX; PyTorch
//! makes it 0).

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Sign;

impl<T: Real> Elementwise<T> for Sign {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.sign()
    }
    #[inline(always)]
    fn df(&self, _: T, _: T) -> T {
        T::ZERO
    }
}

impl<T: Real> Var<'_, T> {
    /// −1, 0 or 1, element by element; no gradient.
    #[track_caller]
    pub fn sign(self) -> Self {
        self.apply(Map(Sign))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Sign), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Sign,
        &[(-2.0, -1.0, 0.0), (0.0, 0.0, 0.0), (f64::INFINITY, 1.0, 0.0), (f64::NAN, f64::NAN, 0.0)],
    );
}
