//! `y = x tanh(ln(1 + eˣ))`, a smooth relative of [`silu`](super::silu).
//!
//! ```text
//! x̄ += ȳ ⊙ (t + x (1 − t²) σ(x)),    t = tanh(ln(1 + eˣ))
//! ```
//!
//! −∞ gives NaN, and the slope at ±∞ is NaN (as PyTorch and JAX). (D. Misra, 2019.)

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Mish;

impl<T: Real> Elementwise<T> for Mish {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x * x.softplus().tanh()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        let t = x.softplus().tanh();
        t + x * (T::ONE - t * t) * x.sigmoid()
    }
}

impl<T: Real> Var<'_, T> {
    /// `x tanh(ln(1 + eˣ))`, element by element.
    #[track_caller]
    pub fn mish(self) -> Self {
        self.apply(Map(Mish))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Mish), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Mish,
        &[
            (-20.0, -4.122307240628761e-8, -3.916191874348969e-8),
            (-1.0, -0.3034014613741089, 0.05921675587739495),
            (0.0, 0.0, 0.6),
            (1.0, 0.8650983882673103, 1.0490362200997922),
            (20.0, 20.0, 1.0000000000000002),
            (1000.0, 1000.0, 1.0),
            (-1000.0, -0.0, 0.0),
            (-1e300, -0.0, 0.0),
            (f64::NEG_INFINITY, f64::NAN, f64::NAN),
            (f64::INFINITY, f64::INFINITY, f64::NAN),
        ],
    );
}
