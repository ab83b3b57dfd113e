//! The network run forward: equations (1) to (4) of the [module](super).

use super::{Parameters, Problem};
use ndarray::{Array2, NdFloat};

/// What the forward pass leaves: everything the backward pass needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward<F> {
    /// h₀ … h_T, each `[B, H]`.
    pub states: Vec<Array2<F>>,
    /// o₁ … o_T, each `[B, O]`; o₁ stands at index 0.
    pub outputs: Vec<Array2<F>>,
    /// e₁ … e_T, each `[B, O]`; e₁ stands at index 0.
    pub errors: Vec<Array2<F>>,
    /// Σ_rows ρₜ Lₜ of every step.
    pub losses: Vec<F>,
    /// L
    pub loss: F,
}

/// Equations (1) to (4).
///
/// # Panics
/// If the shapes do not fit each other as [`Parameters`] and [`Problem`] state them.
pub fn forward<F: NdFloat>(parameters: &Parameters<F>, problem: &Problem<F>) -> Forward<F> {
    let Parameters { w, u, b, v, c } = parameters;
    let (steps, batch, _) = problem.inputs.dim();
    assert_eq!(problem.h0.dim(), (batch, b.len()), "h₀ is [B, H]");
    let weights = problem.reduction.weights(problem.rows, problem.mask.as_ref(), (steps, batch));

    let mut states = vec![problem.h0.clone()];
    let (mut outputs, mut errors, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for t in 1..=steps {
        let a = problem.input(t).dot(w) + states[t - 1].dot(u) + b; // (1)
        states.push(a.mapv(|a| problem.activation.value(a))); // (2)
        let o = states[problem.read_by(t)].dot(v) + c; // (3)
        let (sum, error) = problem.loss.of_step(t - 1, weights.row(t - 1), &o); // (4)
        outputs.push(o);
        errors.push(error);
        losses.push(sum);
    }
    let loss = losses.iter().fold(F::zero(), |sum, &loss| sum + loss);
    Forward { states, outputs, errors, losses, loss }
}
