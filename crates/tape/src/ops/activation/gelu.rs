//! `y = x Φ(x)`, with Φ the normal distribution: a gate open as far as `x` is unlikely to be exceeded.
//!
//! ```text
//! x̄ += ȳ ⊙ (Φ(x) + x φ(x)),    Φ(x) = ½ (1 + erf(x/√2)),    φ(x) = e^(−x²/2)/√2π
//! ```
//!
//! Far to the left `Φ` is a difference that cancels: the error of `y` is one of `|x|` ε, not of `y`. −∞ gives NaN, and
//! the slope at ±∞ is NaN (as PyTorch and JAX). (D. Hendrycks and K. Gimpel, 2016.)

use crate::{Elementwise, Map, Real, Var};

/// `1/√2π`
const DENSITY_AT_0: f64 = 0.3989422804014327;

/// `Φ(x)`
#[inline(always)]
fn normal<T: Real>(x: T) -> T {
    T::of(0.5) * (T::ONE + (x * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Gelu;

impl<T: Real> Elementwise<T> for Gelu {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x * normal(x)
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        let density = T::of(DENSITY_AT_0) * (-(x * x) * T::of(0.5)).exp();
        normal(x) + x * density
    }
}

impl<T: Real> Var<'_, T> {
    /// `x Φ(x)`, element by element, with the normal distribution Φ.
    #[track_caller]
    pub fn gelu(self) -> Self {
        self.apply(Map(Gelu))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Gelu), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Gelu,
        &[
            (-1.0, -0.15865525393145705, -0.0833154705876863),
            (0.0, 0.0, 0.5),
            (1.0, 0.8413447460685429, 1.0833154705876864),
            (20.0, 20.0, 1.0),
            (1000.0, 1000.0, 1.0),
            (-1000.0, -0.0, 0.0),
            (1e200, 1e200, 1.0),
            (f64::NEG_INFINITY, f64::NAN, f64::NAN),
            (f64::INFINITY, f64::INFINITY, f64::NAN),
        ],
    );
}
