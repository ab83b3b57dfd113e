//! `y = ln(1 + e^(βx)) / β`, the rectifier without the kink.
//!
//! ```text
//! x̄ += ȳ ⊙ σ(βx)
//! ```
//!
//! It neither overflows nor loses its small values. Where `βx` exceeds a threshold, `y = x` with slope 1: PyTorch's
//! threshold is 20, where that errs by 2·10⁻⁹; here (as in JAX) there is none unless asked for.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Softplus<T> {
    /// How sharply it bends; above 0.
    pub beta: T,
    /// The `βx` above which it is straight.
    pub threshold: T,
}

impl<T: Real> Elementwise<T> for Softplus<T> {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        let scaled = self.beta * x;
        if scaled > self.threshold { x } else { scaled.softplus() / self.beta }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        let scaled = self.beta * x;
        if scaled > self.threshold { T::ONE } else { scaled.sigmoid() }
    }
}

impl<T: Real> Var<'_, T> {
    /// `ln(1 + eˣ)`, element by element.
    #[track_caller]
    pub fn softplus(self) -> Self {
        self.softplus_with(T::ONE, T::of(f64::INFINITY))
    }

    /// `ln(1 + e^(βx)) / β`, element by element, and `x` where `βx` exceeds `threshold`.
    #[track_caller]
    pub fn softplus_with(self, beta: T, threshold: T) -> Self {
        self.apply(Map(Softplus { beta, threshold }))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.0, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Softplus { beta: 3.0, threshold: 1.0 }), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    let rows = [
        (0.0, std::f64::consts::LN_2, 0.5),
        (1e3, 1e3, 1.0),
        (-20.0, 2.061153620314381e-9, 2.0611536181902037e-9),
        (-1e3, 0.0, 0.0),
        (f64::INFINITY, f64::INFINITY, 1.0),
        (f64::NEG_INFINITY, 0.0, 0.0),
    ];
    crate::known::slopes(Softplus { beta: 1.0, threshold: f64::INFINITY }, &rows);
    crate::known::slopes(Softplus { beta: 1.0, threshold: 20.0 }, &[(20.5, 20.5, 1.0)]);
}
