//! `y = eˣ`, its own derivative.
//!
//! ```text
//! x̄ += ȳ ⊙ y
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Exp;

impl<T: Real> Elementwise<T> for Exp {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.exp()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        y
    }
}

impl<T: Real> Var<'_, T> {
    /// `eˣ`, element by element.
    #[track_caller]
    pub fn exp(self) -> Self {
        self.apply(Map(Exp))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Exp), &[ndarray::arr1(&[-1.5, -0.2, 0.0, 0.7]).into_dyn()]).assert();
}
