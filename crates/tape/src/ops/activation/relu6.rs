//! `y = min(max(x, 0), 6)`, the rectifier with a ceiling.
//!
//! ```text
//! x̄ += ȳ ⊙ [0 < x < 6]
//! ```
//!
//! At 0 and at 6 the slope is 0 (as PyTorch and JAX); NaN has slope 1 (as PyTorch; JAX has 0).

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Relu6;

impl<T: Real> Elementwise<T> for Relu6 {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.max(T::ZERO).min(T::of(6.0))
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x <= T::ZERO || x >= T::of(6.0) { T::ZERO } else { T::ONE }
    }
}

impl<T: Real> Var<'_, T> {
    /// `min(max(x, 0), 6)`, element by element; the slope at 0 and 6 is 0.
    #[track_caller]
    pub fn relu6(self) -> Self {
        self.apply(Map(Relu6))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, 0.3, 5.0, 6.5]).into_dyn();
    crate::gradcheck::op(Map(Relu6), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Relu6,
        &[
            (-1.0, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            (2.0, 2.0, 1.0),
            (6.0, 6.0, 0.0),
            (f64::INFINITY, 6.0, 0.0),
            (f64::NAN, f64::NAN, 1.0),
        ],
    );
}
