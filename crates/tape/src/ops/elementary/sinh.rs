//! `y = sinh x = ½ (eˣ − e⁻ˣ)`
//!
//! ```text
//! x̄ += ȳ ⊙ cosh x
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Sinh;

impl<T: Real> Elementwise<T> for Sinh {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.sinh()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        x.cosh()
    }
}

impl<T: Real> Var<'_, T> {
    /// `sinh x`, element by element.
    #[track_caller]
    pub fn sinh(self) -> Self {
        self.apply(Map(Sinh))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Sinh), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Sinh,
        &[
            (-1.0, -1.1752011936438014, 1.5430806348152437),
            (0.0, 0.0, 1.0),
            (1e-20, 1e-20, 1.0),
            (700.0, 5.0711602736750225e303, 5.0711602736750225e303),
            (-1000.0, f64::NEG_INFINITY, f64::INFINITY),
        ],
    );
}
