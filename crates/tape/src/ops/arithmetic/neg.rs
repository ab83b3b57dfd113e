//! `y = −x`, the opposite.
//!
//! ```text
//! x̄ −= ȳ
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Neg;

impl<T: Real> Elementwise<T> for Neg {
    fn f(&self, x: T) -> T {
        -x
    }
    fn df(&self, _: T, _: T) -> T {
        -T::ONE
    }
}

impl<'t, T: Real> std::ops::Neg for Var<'t, T> {
    type Output = Var<'t, T>;
    #[track_caller]
    fn neg(self) -> Var<'t, T> {
        self.apply(Map(Neg))
    }
}

impl<'t, T: Real> std::ops::Neg for &Var<'t, T> {
    type Output = Var<'t, T>;
    #[track_caller]
    fn neg(self) -> Var<'t, T> {
        self.apply(Map(Neg))
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Map(Neg), &[ndarray::arr1(&[-1.5, 0.7]).into_dyn()]).assert();
}
