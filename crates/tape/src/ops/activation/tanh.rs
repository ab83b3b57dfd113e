//! `y = tanh x`, the Elman cell's squash.
//!
//! ```text
//! x̄ += ȳ ⊙ (1 − y²)
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Tanh;

impl<T: Real> Elementwise<T> for Tanh {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.tanh()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        T::ONE - y * y
    }
}

impl<T: Real> Var<'_, T> {
    /// `tanh x`, element by element.
    #[track_caller]
    pub fn tanh(self) -> Self {
        self.apply(Map(Tanh))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Tanh), &[ndarray::arr1(&[-1.5, -0.2, 0.0, 0.7]).into_dyn()]).assert();
}
