//! `y = (x + 3) / 6`, held between 0 and 1: a gate of straight lines.
//!
//! ```text
//! x̄ += ȳ/6 ⊙ [−3 < x < 3]
//! ```
//!
//! At ±3 and at NaN the slope is 0 (as PyTorch, whose 1/6 between them is a single-precision number; not here).

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct HardSigmoid;

impl<T: Real> Elementwise<T> for HardSigmoid {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        ((x + T::of(3.0)) / T::of(6.0)).max(T::ZERO).min(T::ONE)
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        let bent = x > T::of(-3.0) && x < T::of(3.0);
        if bent { T::of(6.0).recip() } else { T::ZERO }
    }
}

impl<T: Real> Var<'_, T> {
    /// `(x + 3) / 6` held between 0 and 1, element by element.
    #[track_caller]
    pub fn hard_sigmoid(self) -> Self {
        self.apply(Map(HardSigmoid))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-3.5, -0.2, 0.3, 4.0]).into_dyn();
    crate::gradcheck::op(Map(HardSigmoid), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        HardSigmoid,
        &[
            (-3.0, 0.0, 0.0),
            (0.0, 0.5, 0.16666666666666666),
            (1.0, 0.6666666666666666, 0.16666666666666666),
            (3.0, 1.0, 0.0),
            (1e300, 1.0, 0.0),
            (f64::NEG_INFINITY, 0.0, 0.0),
            (f64::NAN, f64::NAN, 0.0),
        ],
    );
}
