//! `y = x`, held between −1 and 1: a squash of straight lines.
//!
//! ```text
//! x̄ += ȳ ⊙ [−1 < x < 1]
//! ```
//!
//! At ±1 the slope is 0 (as PyTorch; JAX has 1 at some); NaN has slope 1 (as both). For other bounds see
//! [`clamp`](crate::ops::arithmetic::clamp).

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct HardTanh;

impl<T: Real> Elementwise<T> for HardTanh {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.max(-T::ONE).min(T::ONE)
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x <= -T::ONE || x >= T::ONE { T::ZERO } else { T::ONE }
    }
}

impl<T: Real> Var<'_, T> {
    /// `x` held between −1 and 1, element by element; the slope at ±1 is 0.
    #[track_caller]
    pub fn hard_tanh(self) -> Self {
        self.apply(Map(HardTanh))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 1.7]).into_dyn();
    crate::gradcheck::op(Map(HardTanh), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        HardTanh,
        &[
            (-1.0, -1.0, 0.0),
            (0.25, 0.25, 1.0),
            (1.0, 1.0, 0.0),
            (f64::NEG_INFINITY, -1.0, 0.0),
            (f64::NAN, f64::NAN, 1.0),
        ],
    );
}
