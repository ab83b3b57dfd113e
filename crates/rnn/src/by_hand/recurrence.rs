//! One recursion for every cell, forward and back, with the cell's own step left open.
//!
//! The state sₜ of a cell is N arrays, of which the first is hₜ `[B, H]`, the one that is read. A cell says how a step goes
//! forward, F, and how adjoints go back through it, F̄; all the rest is said here, once. t = 1 … T.
//!
//! ```text
//! sₜ = F(xₜ, sₜ₋₁; θ)                                         (1)
//! oₜ = hₜ V + c       or oₜ = hₜ, without a readout           (2)
//! L  = Σₜ Σ_rows ρₜ Lₜ(oₜ),   eₜ = ∂L/∂oₜ                     (3)
//!
//! d⁺ₜ = eₜ Vᵀ         or d⁺ₜ = eₜ                             (4)
//! δₜ  = dL/dsₜ = (what comes back from step t + 1) + (d⁺ₜ, 0, …)     (5)
//! dxₜ, dθₜ, and what goes back to step t − 1 = F̄(δₜ)          (6)
//!
//! dθ = Σₜ dθₜ         (7)      dV = Σₜ hₜᵀ eₜ                 (9)
//! ds₀ = δ₀            (8)      dc = Σₜ Σ_rows eₜ              (10)
//! ```
//!
//! Everything from (4) on happens once for each [window](super::truncation), and is summed. At the first state of a
//! window, which is a constant unless it is s₀, what comes back is dropped.

use super::{
    loss::{Loss, Reduction, Rows},
    truncation::Truncation,
};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, NdFloat};

/// The parts of a state, each `[B, width]`; the first is h.
pub type State<F, const N: usize> = [Array2<F>; N];

/// A step and its way back: F and F̄ of the [module](self).
pub trait Recurrence<F: NdFloat, const N: usize> {
    /// θ, and as well dθ: a gradient is made like that of which it is the gradient.
    type Parameters;

    /// What a step leaves for the way back: its gates.
    type Kept;

    /// dθ = 0
    fn no_gradient(&self) -> Self::Parameters;

    /// F: from xₜ `[B, X]` and sₜ₋₁ to sₜ, equation (1).
    fn step(&self, x: ArrayView2<'_, F>, before: &State<F, N>) -> (State<F, N>, Self::Kept);

    /// F̄: from δₜ to dxₜ `[B, X]` and what goes back to step t − 1, equation (6). Adds dθₜ to `sum`.
    fn step_back(
        &self,
        x: ArrayView2<'_, F>,
        before: &State<F, N>,
        after: &State<F, N>,
        kept: &Self::Kept,
        delta: State<F, N>,
        sum: &mut Self::Parameters,
    ) -> (Array2<F>, State<F, N>);
}

/// The readout of equation (2), or its gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear<F> {
    /// V `[H, O]`
    pub v: Array2<F>,
    /// c `[O]`
    pub c: Array1<F>,
}

/// What a cell is asked: the data, the loss, and how both are taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem<F, const N: usize> {
    /// x `[T, B, X]`.
    pub inputs: Array3<F>,
    /// s₀.
    pub start: State<F, N>,
    /// V and c of equation (2); without them the loss is that of hₜ itself.
    pub readout: Option<Linear<F>>,
    /// Lₜ of equation (3).
    pub loss: Loss<F>,
    /// ρₜ of equation (3), over time.
    pub reduction: Reduction,
    /// ρₜ of equation (3), over the batch.
    pub rows: Rows,
    /// m `[T, B]`, a factor of ρₜ: 0 where a loss does not count. It masks the losses only, the states go on.
    pub mask: Option<Array2<F>>,
    /// Where equation (5) is cut.
    pub truncation: Truncation,
}

impl<F: NdFloat, const N: usize> Problem<F, N> {
    /// No readout, losses summed over steps and rows, no mask, no truncation.
    pub fn new(inputs: Array3<F>, start: State<F, N>, loss: Loss<F>) -> Self {
        let (readout, mask, truncation) = (None, None, Truncation::Full);
        let (reduction, rows) = (Reduction::Sum, Rows::Sum);
        Self { inputs, start, readout, loss, reduction, rows, mask, truncation }
    }

    /// T
    pub fn steps(&self) -> usize {
        self.inputs.len_of(Axis(0))
    }

    /// xₜ `[B, X]`, t from 1.
    fn input(&self, t: usize) -> ArrayView2<'_, F> {
        self.inputs.index_axis(Axis(0), t - 1)
    }
}

/// What the forward pass leaves: everything the backward pass needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward<F, K, const N: usize> {
    /// s₀ … s_T.
    pub states: Vec<State<F, N>>,
    /// What each step kept; step 1 stands at index 0.
    pub kept: Vec<K>,
    /// o₁ … o_T, each `[B, O]`; o₁ stands at index 0.
    pub outputs: Vec<Array2<F>>,
    /// e₁ … e_T, each `[B, O]`; e₁ stands at index 0.
    pub errors: Vec<Array2<F>>,
    /// L
    pub loss: F,
}

/// Equations (1) to (3).
///
/// # Panics
/// If the shapes do not fit each other as the cell and [`Problem`] state them.
pub fn forward<F: NdFloat, C: Recurrence<F, N>, const N: usize>(
    cell: &C,
    problem: &Problem<F, N>,
) -> Forward<F, C::Kept, N> {
    let (steps, batch, _) = problem.inputs.dim();
    let weights = problem.reduction.weights(problem.rows, problem.mask.as_ref(), (steps, batch));
    let (mut states, mut kept) = (vec![problem.start.clone()], Vec::new());
    let (mut outputs, mut errors, mut loss) = (Vec::new(), Vec::new(), F::zero());
    for t in 1..=steps {
        let (state, gates) = cell.step(problem.input(t), &states[t - 1]); // (1)
        let o = match &problem.readout {
            Some(Linear { v, c }) => state[0].dot(v) + c, // (2)
            None => state[0].clone(),                     // (2)
        };
        let (part, error) = problem.loss.of_step(t - 1, weights.row(t - 1), &o); // (3)
        loss += part; // (3)
        states.push(state);
        kept.push(gates);
        outputs.push(o);
        errors.push(error);
    }
    Forward { states, kept, outputs, errors, loss }
}

/// The loss and its derivative by everything it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients<F, P, const N: usize> {
    /// L
    pub loss: F,
    /// dθ
    pub parameters: P,
    /// dV and dc, if there is a readout.
    pub readout: Option<Linear<F>>,
    /// ds₀, of each row's own initial state; one state shared by all rows has the sum over B for its gradient.
    pub start: State<F, N>,
    /// dx `[T, B, X]`.
    pub inputs: Array3<F>,
    /// δ₀ … δ_T, as the windows left them.
    pub deltas: Vec<State<F, N>>,
}

/// The gradient of L: equations (1) to (10).
///
/// With a truncation, what the windows give in its place; `loss` is L all the same.
///
/// # Panics
/// As [`forward`], and if a window or block of the truncation has no step.
pub fn gradients<F: NdFloat, C: Recurrence<F, N>, const N: usize>(
    cell: &C,
    problem: &Problem<F, N>,
) -> Gradients<F, C::Parameters, N> {
    let Forward { states, kept, errors, loss, .. } = forward(cell, problem);
    let zeros = |state: &State<F, N>| state.each_ref().map(|part| Array2::zeros(part.dim()));
    let mut parameters = cell.no_gradient();
    let mut readout = problem
        .readout
        .as_ref()
        .map(|Linear { v, c }| Linear { v: Array2::zeros(v.dim()), c: Array1::zeros(c.dim()) });
    let mut inputs = Array3::zeros(problem.inputs.dim());
    let mut deltas: Vec<_> = states.iter().map(zeros).collect();
    for pass in problem.truncation.passes(problem.steps()) {
        let mut delta = zeros(&problem.start); // nothing comes back from step T + 1
        for t in (pass.first + 1..=pass.last).rev() {
            if t > pass.quiet {
                let (h, error) = (&states[t][0], &errors[t - 1]);
                match (&problem.readout, &mut readout) {
                    (Some(linear), Some(sum)) => {
                        delta[0] += &error.dot(&linear.v.t()); // (4), (5)
                        sum.v += &h.t().dot(error); // (9)
                        sum.c += &error.sum_axis(Axis(0)); // (10)
                    }
                    _ => delta[0] += error, // (4), (5)
                }
            }
            add(&mut deltas[t], &delta);
            let (x, before, after) = (problem.input(t), &states[t - 1], &states[t]);
            let (dx, back) = cell.step_back(x, before, after, &kept[t - 1], delta, &mut parameters); // (6), (7)
            let mut sum = inputs.index_axis_mut(Axis(0), t - 1);
            sum += &dx;
            delta = back;
        }
        if pass.first == 0 {
            add(&mut deltas[0], &delta); // (5): no output reads s₀
        }
    }
    let start = deltas[0].clone(); // (8)
    Gradients { loss, parameters, readout, start, inputs, deltas }
}

fn add<F: NdFloat, const N: usize>(sum: &mut State<F, N>, term: &State<F, N>) {
    for (sum, term) in sum.iter_mut().zip(term) {
        *sum += term;
    }
}
