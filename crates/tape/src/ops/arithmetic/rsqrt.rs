//! `y = 1 / √x`, the reciprocal of the square root.
//!
//! ```text
//! x̄ −= ½ ȳ ⊙ y³
//! ```
//!
//! At +0 the value is ∞ and the slope −∞, at −0 the opposite of both (as PyTorch; JAX has −∞ for either slope).
//! NaN below.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Rsqrt;

impl<T: Real> Elementwise<T> for Rsqrt {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.sqrt().recip()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        T::of(-0.5) * (y * y * y)
    }
}

impl<T: Real> Var<'_, T> {
    /// `1 / √x`, element by element: ∞ at 0, NaN below.
    #[track_caller]
    pub fn rsqrt(self) -> Self {
        self.apply(Map(Rsqrt))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[0.1, 0.7, 1.0, 3.5]).into_dyn();
    crate::gradcheck::op(Map(Rsqrt), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Rsqrt,
        &[
            (0.25, 2.0, -4.0),
            (2.0, std::f64::consts::FRAC_1_SQRT_2, -0.1767766952966369),
            (1e100, 1e-50, -5e-151),
            (0.0, f64::INFINITY, f64::NEG_INFINITY),
            (-0.0, f64::NEG_INFINITY, f64::INFINITY),
            (f64::INFINITY, 0.0, 0.0),
            (-1.0, f64::NAN, f64::NAN),
        ],
    );
}
