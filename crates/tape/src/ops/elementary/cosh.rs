//! `y = cosh x = ½ (eˣ + e⁻ˣ)`, the hanging chain.
//!
//! ```text
//! x̄ += ȳ ⊙ sinh x
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Cosh;

impl<T: Real> Elementwise<T> for Cosh {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.cosh()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        x.sinh()
    }
}

impl<T: Real> Var<'_, T> {
    /// `cosh x`, element by element.
    #[track_caller]
    pub fn cosh(self) -> Self {
        self.apply(Map(Cosh))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Cosh), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Cosh,
        &[
            (-1.0, 1.5430806348152437, -1.1752011936438014),
            (0.0, 1.0, 0.0),
            (1e-20, 1.0, 1e-20),
            (700.0, 5.0711602736750225e303, 5.0711602736750225e303),
            (-1000.0, f64::INFINITY, f64::NEG_INFINITY),
        ],
    );
}
