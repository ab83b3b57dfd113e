//! `y = max(x, 0)`, the rectifier.
//!
//! ```text
//! x̄ += ȳ ⊙ [x > 0]
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Relu;

impl<T: Real> Elementwise<T> for Relu {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        if x <= T::ZERO { T::ZERO } else { x }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x > T::ZERO { T::ONE } else { T::ZERO }
    }
}

impl<T: Real> Var<'_, T> {
    /// `max(x, 0)`, element by element; NaN stays NaN. The derivative at 0 is 0.
    #[track_caller]
    pub fn relu(self) -> Self {
        self.apply(Map(Relu))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Relu), &[ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn()]).assert();
}

#[test]
fn the_kink_has_no_slope() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf([0.0, -0.0]);
    assert_eq!(tape.backward(x.relu().sum())[x], ndarray::arr1(&[0.0, 0.0]).into_dyn());
}
