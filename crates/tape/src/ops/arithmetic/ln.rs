//! `y = ln x`, the logarithm to base e.
//!
//! ```text
//! x̄ += ȳ ⊘ x
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Ln;

impl<T: Real> Elementwise<T> for Ln {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.ln()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        x.recip()
    }
}

impl<T: Real> Var<'_, T> {
    /// `ln x`, element by element: −∞ at 0, NaN below.
    #[track_caller]
    pub fn ln(self) -> Self {
        self.apply(Map(Ln))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Ln), &[ndarray::arr1(&[0.1, 0.7, 1.0, 3.5]).into_dyn()]).assert();
}
