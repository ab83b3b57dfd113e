//! `y = √x`, the square root.
//!
//! ```text
//! x̄ += ȳ ⊘ 2y
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Sqrt;

impl<T: Real> Elementwise<T> for Sqrt {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.sqrt()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        T::of(0.5) / y
    }
}

impl<T: Real> Var<'_, T> {
    /// `√x`, element by element: NaN below 0, and an infinite derivative at 0.
    #[track_caller]
    pub fn sqrt(self) -> Self {
        self.apply(Map(Sqrt))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Sqrt), &[ndarray::arr1(&[0.1, 0.7, 1.0, 3.5]).into_dyn()]).assert();
}
