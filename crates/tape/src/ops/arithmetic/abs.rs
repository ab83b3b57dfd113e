//! `y = |x|`, the magnitude.
//!
//! ```text
//! x̄ += ȳ ⊙ sign x
//! ```
//!
//! The kink at 0 has slope 0, the mean of both sides, and so has NaN (as PyTorch; JAX has 1 and −1).

use crate::{Elementwise, Map, Real, Var};

/// The slope of `|x|`: ±1, and 0 where there is none.
#[inline(always)]
pub(crate) fn slope<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        T::ZERO
    }
}

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Abs;

impl<T: Real> Elementwise<T> for Abs {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.abs()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        slope(x)
    }
}

impl<T: Real> Var<'_, T> {
    /// `|x|`, element by element; the slope at 0 is 0.
    #[track_caller]
    pub fn abs(self) -> Self {
        self.apply(Map(Abs))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Abs), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Abs,
        &[
            (-2.0, 2.0, -1.0),
            (0.0, 0.0, 0.0),
            (-0.0, 0.0, 0.0),
            (f64::NEG_INFINITY, f64::INFINITY, -1.0),
            (f64::NAN, f64::NAN, 0.0),
        ],
    );
}
