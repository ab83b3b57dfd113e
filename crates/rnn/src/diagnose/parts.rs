//! What a state does to its own loss, and what it does to later ones.
//!
//! ```text
//! dL/dhₜ = ∂⁺L/∂hₜ  +  Σ over what follows
//!          direct      through time
//! ```
//!
//! The first summand alone is what a formula gives that takes "the derivative of the loss at t" for the whole. It is the
//! commonest mistake in derivations of backpropagation through time.

use super::Unrolled;
use crate::State;
use ndarray::ArrayD;
use tape::Real;

/// The two parts of `dL/dhₜ`, t = 1 … T; step 1 stands at index 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Through the loss that reads `hₜ`.
    pub direct: Vec<ArrayD<f64>>,
    /// Through `hₜ₊₁` (and with it everything later). Zero at t = T.
    pub through_time: Vec<ArrayD<f64>>,
}

impl<'t, T: Real, S: State<'t, T>> Unrolled<'t, T, S> {
    /// Both parts, from one sweep of `L = Σₜ Lₜ`.
    pub fn parts(&self) -> Parts {
        let gradients = self.gradients();
        let of = |var: tape::Var<'t, T>| gradients[var].map(|x: &T| x.primal());
        Parts {
            direct: self.read.iter().map(|&h| of(h)).collect(),
            through_time: self.carried[1..].iter().map(|state| of(state.output())).collect(),
        }
    }
}

impl Parts {
    /// `dL/dhₜ`, the sum of both, t = 1 … T.
    pub fn total(&self) -> Vec<ArrayD<f64>> {
        self.direct.iter().zip(&self.through_time).map(|(d, t)| d + t).collect()
    }
}
