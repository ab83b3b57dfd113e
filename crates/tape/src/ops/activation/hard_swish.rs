//! `y = x · hard_sigmoid(x)`, a [`silu`](super::silu) of one parabola.
//!
//! ```text
//! x̄ += ȳ ⊙ (0 if x ≤ −3,  1 if x ≥ 3,  else x/3 + ½)
//! ```
//!
//! At ±3, where the slope jumps, it is that of the outer side (as PyTorch). NaN has slope NaN; −∞ has value 0.
//! (A. Howard et al., 2019.)

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct HardSwish;

impl<T: Real> Elementwise<T> for HardSwish {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        let gate = ((x + T::of(3.0)) / T::of(6.0)).min(T::ONE);
        if x <= T::of(-3.0) { T::ZERO } else { x * gate }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x <= T::of(-3.0) {
            T::ZERO
        } else if x >= T::of(3.0) {
            T::ONE
        } else {
            x / T::of(3.0) + T::of(0.5)
        }
    }
}

impl<T: Real> Var<'_, T> {
    /// `x (x + 3) / 6` between −3 and 3, 0 below and `x` above, element by element.
    #[track_caller]
    pub fn hard_swish(self) -> Self {
        self.apply(Map(HardSwish))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-3.5, -0.2, 0.3, 4.0]).into_dyn();
    crate::gradcheck::op(Map(HardSwish), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        HardSwish,
        &[
            (-3.0, -0.0, 0.0),
            (0.0, 0.0, 0.5),
            (1.0, 0.6666666666666666, 0.8333333333333334),
            (3.0, 3.0, 1.0),
            (1e300, 1e300, 1.0),
            (f64::NEG_INFINITY, 0.0, 0.0),
            (f64::NAN, f64::NAN, f64::NAN),
        ],
    );
}
