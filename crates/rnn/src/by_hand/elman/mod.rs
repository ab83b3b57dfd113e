//! Elman's network, its gradient derived on paper.
//!
//! Elman (1990); the gradient is that of Werbos (1990), for rows instead of columns: the B
//! rows of a batch are the rows of xₜ `[B, X]`, hₜ `[B, H]` and oₜ `[B, O]`, and t = 1 … T.
//!
//! ```text
//! aₜ = xₜ W + hₜ₋₁ U + b                                      (1)
//! hₜ = f(aₜ)                                                  (2)
//! oₜ = hₜ V + c       readout after the step                  (3)
//! oₜ = hₜ₋₁ V + c     readout before the step                 (3′)
//! L  = Σₜ Σ_rows ρₜ Lₜ(oₜ),   eₜ = ∂L/∂oₜ                     (4)
//! ```
//!
//! hₜ reaches the loss by two paths: through the output that reads it, which gives the direct
//! part d⁺ₜ, and through hₜ₊₁. The adjoint δₜ = dL/dhₜ is the sum of the two. At t = T there
//! is no second path.
//!
//! ```text
//! d⁺ₜ = eₜ Vᵀ         readout after the step                  (5)
//! d⁺ₜ = eₜ₊₁ Vᵀ       readout before the step                 (5′)
//! δₜ  = d⁺ₜ + daₜ₊₁ Uᵀ                                        (6)
//! daₜ = δₜ ⊙ f′(aₜ)                                           (7)
//!
//! dW = Σₜ xₜᵀ daₜ        (8)      dV = Σₜ hₜᵀ eₜ              (11)
//! dU = Σₜ hₜ₋₁ᵀ daₜ      (9)      dV = Σₜ hₜ₋₁ᵀ eₜ            (11′)
//! db = Σₜ Σ_rows daₜ     (10)     dc = Σₜ Σ_rows eₜ           (12)
//! dh₀ = δ₀               (13)     dxₜ = daₜ Wᵀ                (14)
//! ```
//!
//! To put d⁺ₜ for δₜ in (7) is the classical mistake: it drops every path through time, and is
//! TBPTT(1, 1) exactly. A [window](super::truncation) cuts (6): at its first state, which is a
//! constant unless it is h₀, nothing arrives. Everything after (7) is linear in da and e, so
//! those are summed over the windows and (8)–(14) are applied once.

mod backward;
mod forward;

pub use super::activation::Activation;
pub use backward::{Adjoints, Gradients, Step, backward, by_step, gradients};
pub use forward::{Forward, forward};

use super::{
    loss::{Loss, Reduction, Rows},
    truncation::Truncation,
};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, NdFloat};

/// Which state an output reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readout {
    /// oₜ reads hₜ₋₁, equation (3′): the output at t has not seen xₜ (Moore's automaton). With
    /// one more x shifted in, this is [`After`](Self::After) one step later.
    Before,
    /// oₜ reads hₜ, equation (3) (Mealy's automaton).
    After,
}

/// W `[X, H]`, U `[H, H]`, b `[H]`, V `[H, O]`, c `[O]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<F> {
    /// Input weights W `[X, H]`.
    pub w: Array2<F>,
    /// Recurrent weights U `[H, H]`.
    pub u: Array2<F>,
    /// Bias b `[H]`.
    pub b: Array1<F>,
    /// Readout weights V `[H, O]`.
    pub v: Array2<F>,
    /// Readout bias c `[O]`.
    pub c: Array1<F>,
}

/// What the parameters are asked: the data, the loss, and how both are taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem<F> {
    /// f of equation (2).
    pub activation: Activation,
    /// Equation (3) or (3′).
    pub readout: Readout,
    /// x `[T, B, X]`.
    pub inputs: Array3<F>,
    /// h₀ `[B, H]`.
    pub h0: Array2<F>,
    /// Lₜ of equation (4).
    pub loss: Loss<F>,
    /// ρₜ of equation (4), over time.
    pub reduction: Reduction,
    /// ρₜ of equation (4), over the batch.
    pub rows: Rows,
    /// m `[T, B]`, a factor of ρₜ: 0 where a loss does not count. It masks the losses only,
    /// the states go on.
    pub mask: Option<Array2<F>>,
    /// Where equation (6) is cut.
    pub truncation: Truncation,
}

impl<F: NdFloat> Problem<F> {
    /// Readout after the step, losses summed over steps and rows, no mask, no truncation.
    pub fn new(activation: Activation, inputs: Array3<F>, h0: Array2<F>, loss: Loss<F>) -> Self {
        let (readout, truncation) = (Readout::After, Truncation::Full);
        let (reduction, rows, mask) = (Reduction::Sum, Rows::Sum, None);
        Self { activation, readout, inputs, h0, loss, reduction, rows, mask, truncation }
    }

    /// T
    pub fn steps(&self) -> usize {
        self.inputs.len_of(Axis(0))
    }

    /// xₜ `[B, X]`, t from 1.
    fn input(&self, t: usize) -> ArrayView2<'_, F> {
        self.inputs.index_axis(Axis(0), t - 1)
    }

    /// The state that oₜ reads.
    fn read_by(&self, t: usize) -> usize {
        match self.readout {
            Readout::Before => t - 1,
            Readout::After => t,
        }
    }

    /// The step whose output reads hₜ, if it is no later than T: the other way round.
    fn reader_of(&self, t: usize) -> usize {
        match self.readout {
            Readout::Before => t + 1,
            Readout::After => t,
        }
    }
}
