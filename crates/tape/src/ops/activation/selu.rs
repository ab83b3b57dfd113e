//! `y = λ x` above 0 and `λ α (eˣ − 1)` below, the unit that keeps mean 0 and variance 1.
//!
//! ```text
//! x̄ += ȳ ⊙ (λ if x > 0, else λ α eˣ)
//! ```
//!
//! At 0 the slope is `λ α`, that from below (as PyTorch and JAX). NaN has slope NaN (as JAX; PyTorch has λ).
//! α and λ make that mean and variance a stable fixed point (G. Klambauer et al., 2017).

use crate::{Elementwise, Map, Real, Var};

const ALPHA: f64 = 1.6732632423543772;
const LAMBDA: f64 = 1.0507009873554805;

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Selu;

impl<T: Real> Elementwise<T> for Selu {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        T::of(LAMBDA) * if x > T::ZERO { x } else { T::of(ALPHA) * x.expm1() }
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        T::of(LAMBDA) * if x > T::ZERO { T::ONE } else { T::of(ALPHA) * x.exp() }
    }
}

impl<T: Real> Var<'_, T> {
    /// `λ x` above 0, `λ α (eˣ − 1)` elsewhere, element by element; λ ≈ 1.0507, α ≈ 1.6733.
    #[track_caller]
    pub fn selu(self) -> Self {
        self.apply(Map(Selu))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Selu), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Selu,
        &[
            (-1.0, -1.1113307378125628, 0.6467686030348141),
            (-40.0, -1.7580993408473768, 7.469028815914292e-18),
            (-1e-20, -1.7580993408473768e-20, 1.7580993408473768),
            (0.0, 0.0, 1.7580993408473768),
            (1.0, 1.0507009873554805, 1.0507009873554805),
            (-10000.0, -1.7580993408473768, 0.0),
            (f64::NAN, f64::NAN, f64::NAN),
        ],
    );
}
