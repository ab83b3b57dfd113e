//! `y = ln σ(x) = −ln(1 + e⁻ˣ)`, the logarithm of a gate.
//!
//! ```text
//! x̄ += ȳ ⊙ σ(−x)
//! ```
//!
//! Accurate on both sides: `x` far to the left, `−e⁻ˣ` far to the right.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct LogSigmoid;

impl<T: Real> Elementwise<T> for LogSigmoid {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        -(-x).softplus()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        (-x).sigmoid()
    }
}

impl<T: Real> Var<'_, T> {
    /// `ln σ(x)`, element by element, without overflow.
    #[track_caller]
    pub fn log_sigmoid(self) -> Self {
        self.apply(Map(LogSigmoid))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(LogSigmoid), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        LogSigmoid,
        &[
            (-1000.0, -1000.0, 1.0),
            (-20.0, -20.000000002061153, 0.9999999979388464),
            (-1.0, -1.3132616875182228, 0.7310585786300049),
            (0.0, -std::f64::consts::LN_2, 0.5),
            (1.0, -0.3132616875182228, 0.2689414213699951),
            (20.0, -2.061153620314381e-9, 2.0611536181902037e-9),
            (40.0, -4.248354255291589e-18, 4.248354255291589e-18),
            (1000.0, 0.0, 0.0),
            (f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0),
            (f64::INFINITY, 0.0, 0.0),
        ],
    );
}
