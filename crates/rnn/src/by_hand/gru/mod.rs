//! The gated recurrent unit in its four variants, its gradient derived on paper.
//!
//! Cho et al. (2014). Authors differ in two things. The reset gate r acts on the state before the recurrent product
//! (the paper as published) or on the product itself (its first preprint, and cuDNN); and the update gate z is
//! the part of the old state that is kept (the paper) or the part that is replaced (Chung et al., 2014). The three
//! blocks of the columns stand in the order r, z, n; a superscript names a block of aₜ, W, U or b.
//!
//! ```text
//! r  = σ(xₜ Wʳ + hₜ₋₁ Uʳ + bʳ)                                (1)
//! z  = σ(xₜ Wᶻ + hₜ₋₁ Uᶻ + bᶻ)                                (2)
//! q  = hₜ₋₁ Uⁿ + b_n                      reset after         (3)
//! n  = tanh(xₜ Wⁿ + bⁿ + r ⊙ q)           reset after         (4)
//! n  = tanh(xₜ Wⁿ + bⁿ + (r ⊙ hₜ₋₁) Uⁿ)   reset before        (4′)
//! hₜ = (1 − z) ⊙ n + z ⊙ hₜ₋₁             z keeps             (5)
//! hₜ = (1 − z) ⊙ hₜ₋₁ + z ⊙ n             z replaces         (5′)
//! ```
//!
//! The two conventions of z are one up to the sign of Wᶻ, Uᶻ and bᶻ. The two places of the reset are two
//! different cells: no weights of the one make the other. hₜ₋₁ reaches hₜ directly, which opens the sum of (12), and
//! through each gate.
//!
//! ```text
//! dz = dh ⊙ (hₜ₋₁ − n),   dn = dh ⊙ (1 − z),   dh⁰ = dh ⊙ z           (6)
//! dz = dh ⊙ (n − hₜ₋₁),   dn = dh ⊙ z,         dh⁰ = dh ⊙ (1 − z)     (6′)
//! daⁿ = dn ⊙ (1 − n²)                                         (7)
//! dq  = daⁿ ⊙ r,   dr = daⁿ ⊙ q,   dhⁿ = dq Uⁿᵀ     after     (8)
//! dv  = daⁿ Uⁿᵀ,   dr = dv ⊙ hₜ₋₁, dhⁿ = dv ⊙ r     before    (8′)
//! daʳ = dr ⊙ r(1 − r)                                         (9)
//! daᶻ = dz ⊙ z(1 − z)                                         (10)
//! dxₜ = da Wᵀ                                                 (11)
//! dhₜ₋₁ = dh⁰ + dhⁿ + daʳ Uʳᵀ + daᶻ Uᶻᵀ                       (12)
//!
//! dW = Σₜ xₜᵀ da                        (13)
//! db = Σₜ Σ_rows da                     (14)
//! dUʳ = Σₜ hₜ₋₁ᵀ daʳ,  dUᶻ = Σₜ hₜ₋₁ᵀ daᶻ                     (15)
//! dUⁿ = Σₜ hₜ₋₁ᵀ dq,   db_n = Σₜ Σ_rows dq          after     (16)
//! dUⁿ = Σₜ (r ⊙ hₜ₋₁)ᵀ daⁿ                          before    (16′)
//! ```

mod backward;
mod forward;

pub use forward::Gates;

use super::recurrence::{Recurrence, State};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewD, NdFloat};

/// Where the reset gate acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// On the recurrent product, equation (4).
    After,
    /// On the state, equation (4′).
    Before,
}

/// What the gate z says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// How much of the old state stays, equation (5).
    Keep,
    /// How much of the state is new, equation (5′).
    Replace,
}

/// W, U and the two biases, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<F> {
    /// Input weights W `[X, 3H]`.
    pub w: Array2<F>,
    /// Recurrent weights U `[H, 3H]`.
    pub u: Array2<F>,
    /// Bias b `[3H]`.
    pub b: Array1<F>,
    /// Bias b_n `[H]` of the product that is reset. With the reset before it, it is not read.
    pub b_n: Array1<F>,
}

/// The cell of equations (1) to (5).
#[derive(Debug, Clone, PartialEq)]
pub struct Gru<F> {
    /// θ
    pub parameters: Parameters<F>,
    /// Equations (3) and (4), or (4′).
    pub reset: Reset,
    /// Equation (5) or (5′).
    pub update: Update,
}

impl<F: NdFloat> Recurrence<F, 1> for Gru<F> {
    type Parameters = Parameters<F>;
    type Kept = Gates<F>;

    fn no_gradient(&self) -> Parameters<F> {
        let Parameters { w, u, b, b_n } = &self.parameters;
        Parameters {
            w: Array2::zeros(w.dim()),
            u: Array2::zeros(u.dim()),
            b: Array1::zeros(b.dim()),
            b_n: Array1::zeros(b_n.dim()),
        }
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
        let Self { w, u, b, b_n } = self;
        vec![
            ("w", w.view().into_dyn()),
            ("u", u.view().into_dyn()),
            ("b", b.view().into_dyn()),
            ("b_n", b_n.view().into_dyn()),
        ]
    }
}
