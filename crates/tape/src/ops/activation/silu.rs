//! `y = x σ(x)`, a unit that is its own gate.
//!
//! ```text
//! x̄ += ȳ ⊙ (s + y (1 − s)),    s = σ(x)
//! ```
//!
//! −∞ gives NaN, and the slope at ±∞ is NaN (as PyTorch and JAX). (S. Elfwing, E. Uchibe and K. Doya, 2018; also
//! called swish.)

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Silu;

impl<T: Real> Elementwise<T> for Silu {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x * x.sigmoid()
    }
    #[inline(always)]
    fn df(&self, x: T, y: T) -> T {
        let s = x.sigmoid();
        s + y * (T::ONE - s)
    }
}

impl<T: Real> Var<'_, T> {
    /// `x σ(x)`, element by element.
    #[track_caller]
    pub fn silu(self) -> Self {
        self.apply(Map(Silu))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Silu), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Silu,
        &[
            (-20.0, -4.122307236380407e-8, -3.9161918660646786e-8),
            (-1.0, -0.2689414213699951, 0.07232948812851327),
            (0.0, 0.0, 0.5),
            (1.0, 0.7310585786300049, 0.9276705118714867),
            (20.0, 19.99999995877693, 1.0000000391619186),
            (1000.0, 1000.0, 1.0),
            (-1000.0, -0.0, 0.0),
            (-1e300, -0.0, 0.0),
            (f64::NEG_INFINITY, f64::NAN, f64::NAN),
            (f64::INFINITY, f64::INFINITY, f64::NAN),
        ],
    );
}
