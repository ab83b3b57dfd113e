//! `y = min(max(x, low), high)`, held between two bounds.
//!
//! ```text
//! x̄ += ȳ ⊙ [low < x < high]
//! ```
//!
//! At a bound the slope is 0, that of the side which is held, and so it is at NaN, which stays NaN (as PyTorch; JAX
//! has ½ at a bound). With `low > high` all is `high`. An infinite bound is none, up to ±∞ itself.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Clamp<T> {
    /// The lower bound.
    pub low: T,
    /// The upper bound, which wins where they cross.
    pub high: T,
}

impl<T: Real> Elementwise<T> for Clamp<T> {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.max(self.low).min(self.high)
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x > self.low && x < self.high { T::ONE } else { T::ZERO }
    }
}

impl<T: Real> Var<'_, T> {
    /// `x` held between `low` and `high`, element by element; the slope at a bound is 0.
    #[track_caller]
    pub fn clamp(self, low: T, high: T) -> Self {
        self.apply(Map(Clamp { low, high }))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 1.7]).into_dyn();
    crate::gradcheck::op(Map(Clamp { low: -1.0, high: 1.0 }), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Clamp { low: -1.0, high: 1.0 },
        &[
            (-2.0, -1.0, 0.0),
            (-1.0, -1.0, 0.0),
            (0.25, 0.25, 1.0),
            (1.0, 1.0, 0.0),
            (f64::INFINITY, 1.0, 0.0),
            (f64::NAN, f64::NAN, 0.0),
        ],
    );
}

#[test]
fn bounds_that_cross_leave_the_upper() {
    let crossed = Clamp { low: 1.0, high: -1.0 };
    crate::known::slopes(crossed, &[(-2.0, -1.0, 0.0), (0.0, -1.0, 0.0), (2.0, -1.0, 0.0)]);
}
