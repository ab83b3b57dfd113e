//! `y = 2ˣ`, the power of two.
//!
//! ```text
//! x̄ += ȳ ⊙ y ln 2
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Exp2;

impl<T: Real> Elementwise<T> for Exp2 {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        T::of(2.0).powf(x)
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        y * T::of(std::f64::consts::LN_2)
    }
}

impl<T: Real> Var<'_, T> {
    /// `2ˣ`, element by element; exact where `x` is whole.
    #[track_caller]
    pub fn exp2(self) -> Self {
        self.apply(Map(Exp2))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Exp2), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Exp2,
        &[
            (-1.0, 0.5, 0.34657359027997264),
            (0.0, 1.0, std::f64::consts::LN_2),
            (3.0, 8.0, 5.545177444479562),
            (1000.5, 1.5153420044823246e301, 1.0503550379909792e301),
            (-1000.5, 6.599170332783212e-302, 4.5741963102035193e-302),
            (f64::NEG_INFINITY, 0.0, 0.0),
        ],
    );
}
