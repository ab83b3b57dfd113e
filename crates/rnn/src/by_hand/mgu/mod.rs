//! The minimal gated unit, its gradient derived on paper.
//!
//! Zhou, Wu, Zhang and Zhou (2016): a GRU whose one gate f both resets and updates. The two blocks of the columns
//! stand in the order f, n; a superscript names a block of aₜ, W, U or b.
//!
//! ```text
//! f  = σ(xₜ Wᶠ + hₜ₋₁ Uᶠ + bᶠ)                                (1)
//! n  = tanh(xₜ Wⁿ + (f ⊙ hₜ₋₁) Uⁿ + bⁿ)                       (2)
//! hₜ = (1 − f) ⊙ hₜ₋₁ + f ⊙ n                                 (3)
//!
//! daⁿ = dh ⊙ f ⊙ (1 − n²)                                     (4)
//! dv  = daⁿ Uⁿᵀ         the adjoint of f ⊙ hₜ₋₁               (5)
//! daᶠ = (dh ⊙ (n − hₜ₋₁) + dv ⊙ hₜ₋₁) ⊙ f(1 − f)              (6)
//! dhₜ₋₁ = dh ⊙ (1 − f) + dv ⊙ f + daᶠ Uᶠᵀ                     (7)
//! dxₜ = da Wᵀ                                                 (8)
//!
//! dW = Σₜ xₜᵀ da        (9)       dUᶠ = Σₜ hₜ₋₁ᵀ daᶠ          (11)
//! db = Σₜ Σ_rows da     (10)      dUⁿ = Σₜ (f ⊙ hₜ₋₁)ᵀ daⁿ    (12)
//! ```

mod backward;
mod forward;

pub use forward::Gates;

use super::recurrence::{Recurrence, State};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewD, NdFloat};

/// W, U and b, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<F> {
    /// Input weights W `[X, 2H]`.
    pub w: Array2<F>,
    /// Recurrent weights U `[H, 2H]`.
    pub u: Array2<F>,
    /// Bias b `[2H]`.
    pub b: Array1<F>,
}

/// The cell of equations (1) to (3).
#[derive(Debug, Clone, PartialEq)]
pub struct Mgu<F> {
    /// θ
    pub parameters: Parameters<F>,
}

impl<F: NdFloat> Recurrence<F, 1> for Mgu<F> {
    type Parameters = Parameters<F>;
    type Kept = Gates<F>;

    fn no_gradient(&self) -> Parameters<F> {
        let Parameters { w, u, b } = &self.parameters;
        let (w, u) = (Array2::zeros(w.dim()), Array2::zeros(u.dim()));
        Parameters { w, u, b: Array1::zeros(b.dim()) }
    }

    fn step(&self, x: ArrayView2<'_, F>, before: &State<F, 1>) -> (State<F, 1>, Gates<F>) {
        forward::step(self, x, before)
    }

    fn step_back(
        &self,
        x: ArrayView2<'_, F>,
        before: &State<F, 1>,
        _after: &State<F, 1>,
        kept: &Gates<F>,
        delta: State<F, 1>,
        sum: &mut Parameters<F>,
    ) -> (Array2<F>, State<F, 1>) {
        backward::step(self, x, before, kept, delta, sum)
    }
}

impl<F: NdFloat> Parameters<F> {
    /// All of them, under their names.
    pub fn named(&self) -> Vec<(&'static str, ArrayViewD<'_, F>)> {
        let Self { w, u, b } = self;
        vec![("w", w.view().into_dyn()), ("u", u.view().into_dyn()), ("b", b.view().into_dyn())]
    }
}
