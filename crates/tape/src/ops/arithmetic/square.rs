//! `y = x²`, the square.
//!
//! ```text
//! x̄ += 2 ȳ ⊙ x
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Square;

impl<T: Real> Elementwise<T> for Square {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x * x
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        x + x
    }
}

impl<T: Real> Var<'_, T> {
    /// `x²`, element by element.
    #[track_caller]
    pub fn square(self) -> Self {
        self.apply(Map(Square))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Square), &[ndarray::arr1(&[-1.5, -0.2, 0.0, 0.7]).into_dyn()])
        .assert();
}
