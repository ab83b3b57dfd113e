//! `y = σ(x) = 1 / (1 + e⁻ˣ)`, the gate's opening.
//!
//! ```text
//! x̄ += ȳ ⊙ y ⊙ (1 − y)
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Sigmoid;

impl<T: Real> Elementwise<T> for Sigmoid {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.sigmoid()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        y * (T::ONE - y)
    }
}

impl<T: Real> Var<'_, T> {
    /// `σ(x) = 1 / (1 + e⁻ˣ)`, element by element.
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.apply(Map(Sigmoid))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Sigmoid), &[ndarray::arr1(&[-1.5, -0.2, 0.0, 0.7]).into_dyn()])
        .assert();
}
