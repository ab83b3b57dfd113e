//! `y = erf x = 2/√π ∫₀ˣ e^(−u²) du`, the error function.
//!
//! ```text
//! x̄ += 2/√π ȳ ⊙ e^(−x²)
//! ```

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Erf;

impl<T: Real> Elementwise<T> for Erf {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.erf()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp()
    }
}

impl<T: Real> Var<'_, T> {
    /// `erf x`, element by element.
    #[track_caller]
    pub fn erf(self) -> Self {
        self.apply(Map(Erf))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Erf), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Erf,
        &[
            (-1.0, -0.8427007929497149, 0.4151074974205947),
            (0.0, 0.0, std::f64::consts::FRAC_2_SQRT_PI),
            (1e-20, 1.1283791670955125e-20, std::f64::consts::FRAC_2_SQRT_PI),
            (3.0, 0.9999779095030014, 0.00013925305194674786),
            (f64::INFINITY, 1.0, 0.0),
            (1e200, 1.0, 0.0),
        ],
    );
}
