//! `y = x` above 0 and `k x` below, the rectifier that leaks.
//!
//! ```text
//! x̄ += ȳ ⊙ (1 if x > 0, else k)
//! ```
//!
//! At 0 and at NaN the slope is `k` (as PyTorch; JAX has 1 at 0). (A. L. Maas et al., 2013, with k = 0.01.)

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct LeakyRelu<T>(pub T);

impl<T: Real> Elementwise<T> for LeakyRelu<T> {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        if x > T::ZERO { x } else { self.0 * x }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        if x > T::ZERO { T::ONE } else { self.0 }
    }
}

impl<T: Real> Var<'_, T> {
    /// `x` above 0, `k x` elsewhere, element by element.
    #[track_caller]
    pub fn leaky_relu(self, k: T) -> Self {
        self.apply(Map(LeakyRelu(k)))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(LeakyRelu(0.01)), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        LeakyRelu(0.01),
        &[
            (-1.0, -0.01, 0.01),
            (0.0, 0.0, 0.01),
            (-1000.0, -10.0, 0.01),
            (f64::INFINITY, f64::INFINITY, 1.0),
            (f64::NEG_INFINITY, f64::NEG_INFINITY, 0.01),
            (f64::NAN, f64::NAN, 0.01),
        ],
    );
}
