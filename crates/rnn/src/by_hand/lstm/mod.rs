//! Long short-term memory, its gradient derived on paper.
//!
//! Hochreiter and Schmidhuber (1997); the forget gate is that of Gers, Schmidhuber and Cummins (2000), the peepholes p
//! of Gers and Schmidhuber (2000), the projection P of Sak, Senior and Beaufays (2014), the coupled gate of Greff et al.
//! (2017). The state is hₜ `[B, R]` and the memory cₜ `[B, H]`; the four blocks of aₜ `[B, 4H]` stand in the order i, f, g, o.
//!
//! ```text
//! aₜ = xₜ W + hₜ₋₁ U + b                                      (1)
//! i  = σ(aⁱ + p_i ⊙ cₜ₋₁)                                     (2)
//! f  = σ(aᶠ + p_f ⊙ cₜ₋₁)                                     (3)
//! f  = 1 − i            the two gates coupled                 (3′)
//! g  = tanh(aᵍ)                                               (4)
//! cₜ = clip(f ⊙ cₜ₋₁ + i ⊙ g)                                 (5)
//! o  = σ(aᵒ + p_o ⊙ cₜ)                                       (6)
//! mₜ = o ⊙ tanh(cₜ)                                           (7)
//! hₜ = mₜ P             or hₜ = mₜ, with R = H                (8)
//! ```
//!
//! The output gate sees the new memory, the other two see the old one. clip holds each entry between −k and k; its
//! slope is [|cₜ| < k], 0 where it holds. dh and dc are what reaches hₜ and cₜ; cₜ also reaches the loss
//! through (6) and (7), so the output gate comes first on the way back.
//!
//! ```text
//! dm   = dh Pᵀ          or dm = dh                            (9)
//! daᵒ  = dm ⊙ tanh(cₜ) ⊙ o(1 − o)                             (10)
//! dc′  = (dc + dm ⊙ o ⊙ (1 − tanh² cₜ) + daᵒ ⊙ p_o) ⊙ [|cₜ| < k]    (11)
//! daⁱ  = dc′ ⊙ g ⊙ i(1 − i)                                   (12)
//! daᶠ  = dc′ ⊙ cₜ₋₁ ⊙ f(1 − f)                                (13)
//! daⁱ  = dc′ ⊙ (g − cₜ₋₁) ⊙ i(1 − i),  daᶠ = 0     coupled    (12′, 13′)
//! daᵍ  = dc′ ⊙ i ⊙ (1 − g²)                                   (14)
//! dcₜ₋₁ = dc′ ⊙ f + daⁱ ⊙ p_i + daᶠ ⊙ p_f                     (15)
//! dhₜ₋₁ = da Uᵀ         (16)      dxₜ = da Wᵀ                 (17)
//!
//! dW = Σₜ xₜᵀ da        (18)      dp_i = Σₜ Σ_rows daⁱ ⊙ cₜ₋₁     (21)
//! dU = Σₜ hₜ₋₁ᵀ da      (19)      dp_f = Σₜ Σ_rows daᶠ ⊙ cₜ₋₁     (22)
//! db = Σₜ Σ_rows da     (20)      dp_o = Σₜ Σ_rows daᵒ ⊙ cₜ       (23)
//!                                 dP   = Σₜ mₜᵀ dh                (24)
//! ```

mod backward;
mod forward;

pub use forward::Gates;

use super::recurrence::{Recurrence, State};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewD, NdFloat};

/// W, U, b, the peepholes and P, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<F> {
    /// Input weights W `[X, 4H]`.
    pub w: Array2<F>,
    /// Recurrent weights U `[R, 4H]`.
    pub u: Array2<F>,
    /// Bias b `[4H]`.
    pub b: Array1<F>,
    /// Peephole of the input gate p_i `[H]`; zeros are none.
    pub p_i: Array1<F>,
    /// Peephole of the forget gate p_f `[H]`; zeros are none.
    pub p_f: Array1<F>,
    /// Peephole of the output gate p_o `[H]`; zeros are none.
    pub p_o: Array1<F>,
    /// Projection P `[H, R]`, if there is one.
    pub projection: Option<Array2<F>>,
}

/// The cell of equations (1) to (8).
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm<F> {
    /// θ
    pub parameters: Parameters<F>,
    /// Equation (3′) for (3): the columns of f in W, U and b are not read.
    pub coupled: bool,
    /// k of equation (5); ∞ is no clip.
    pub clip: F,
}

impl<F: NdFloat> Lstm<F> {
    /// The plain cell: no peepholes, no projection, no coupling, no clip.
    pub fn new(w: Array2<F>, u: Array2<F>, b: Array1<F>) -> Self {
        let none = Array1::zeros(b.len() / 4);
        let (p_i, p_f, p_o) = (none.clone(), none.clone(), none);
        let parameters = Parameters { w, u, b, p_i, p_f, p_o, projection: None };
        Self { parameters, coupled: false, clip: F::infinity() }
    }
}

impl<F: NdFloat> Recurrence<F, 2> for Lstm<F> {
    type Parameters = Parameters<F>;
    type Kept = Gates<F>;

    fn no_gradient(&self) -> Parameters<F> {
        let Parameters { w, u, b, p_i, p_f, p_o, projection } = &self.parameters;
        Parameters {
            w: Array2::zeros(w.dim()),
            u: Array2::zeros(u.dim()),
            b: Array1::zeros(b.dim()),
            p_i: Array1::zeros(p_i.dim()),
            p_f: Array1::zeros(p_f.dim()),
            p_o: Array1::zeros(p_o.dim()),
            projection: projection.as_ref().map(|p| Array2::zeros(p.dim())),
        }
    }

    fn step(&self, x: ArrayView2<'_, F>, before: &State<F, 2>) -> (State<F, 2>, Gates<F>) {
        forward::step(self, x, before)
    }

    fn step_back(
        &self,
        x: ArrayView2<'_, F>,
        before: &State<F, 2>,
        after: &State<F, 2>,
        kept: &Gates<F>,
        delta: State<F, 2>,
        sum: &mut Parameters<F>,
    ) -> (Array2<F>, State<F, 2>) {
        backward::step(self, x, before, after, kept, delta, sum)
    }
}

impl<F: NdFloat> Parameters<F> {
    /// All of them, under their names; `p` is the projection.
    pub fn named(&self) -> Vec<(&'static str, ArrayViewD<'_, F>)> {
        let Self { w, u, b, p_i, p_f, p_o, projection } = self;
        let mut named = vec![
            ("w", w.view().into_dyn()),
            ("u", u.view().into_dyn()),
            ("b", b.view().into_dyn()),
            ("p_i", p_i.view().into_dyn()),
            ("p_f", p_f.view().into_dyn()),
            ("p_o", p_o.view().into_dyn()),
        ];
        named.extend(projection.as_ref().map(|p| ("p", p.view().into_dyn())));
        named
    }
}
