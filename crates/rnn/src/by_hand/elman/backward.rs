//! The errors run backward: equations (5) to (14) of the [module](super).

use super::{Forward, Parameters, Problem, forward};
use ndarray::{Array1, Array2, Array3, ArrayView, ArrayViewD, Axis, Dimension, NdFloat};

/// The adjoints that the backward recursion leaves, summed over the windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjoints<F> {
    /// d⁺₀ … d⁺_T, each `[B, H]`: what hₜ does to the loss through the output that reads it.
    pub direct: Vec<Array2<F>>,
    /// δ₀ … δ_T, each `[B, H]`: what hₜ does to the loss in all.
    pub total: Vec<Array2<F>>,
    /// da₁ … da_T, each `[B, H]`; da₁ stands at index 0.
    pub da: Vec<Array2<F>>,
    /// e₁ … e_T, each `[B, O]`, as often as a window sent it in; e₁ stands at index 0.
    pub errors: Vec<Array2<F>>,
}

/// Equations (5) to (7), for every window.
///
/// # Panics
/// If `forward` is not of these parameters and this problem, or a window or block of
/// the truncation has no step.
pub fn backward<F: NdFloat>(
    parameters: &Parameters<F>,
    problem: &Problem<F>,
    forward: &Forward<F>,
) -> Adjoints<F> {
    let zeros = |of: &[Array2<F>]| of.iter().map(|a| Array2::zeros(a.dim())).collect::<Vec<_>>();
    let mut adjoints = Adjoints {
        direct: zeros(&forward.states),
        total: zeros(&forward.states),
        da: zeros(&forward.states[1..]),
        errors: zeros(&forward.errors),
    };
    for pass in problem.truncation.passes(problem.steps()) {
        let sent_in = pass.quiet + 1..=pass.last;
        for t in sent_in.clone() {
            adjoints.errors[t - 1] += &forward.errors[t - 1];
        }
        // A first state other than h₀ is a constant: what arrives there is dropped.
        let lowest = if pass.first == 0 { 0 } else { pass.first + 1 };
        let mut through_time = Array2::zeros(problem.h0.dim()); // daₜ₊₁ Uᵀ, none at the end
        for t in (lowest..=pass.last).rev() {
            let mut delta = through_time; // (6)
            let reader = problem.reader_of(t);
            if sent_in.contains(&reader) {
                let direct = forward.errors[reader - 1].dot(&parameters.v.t()); // (5)
                delta += &direct; // (6)
                adjoints.direct[t] += &direct;
            }
            adjoints.total[t] += &delta;
            if t == 0 {
                break; // no step made h₀
            }
            let da = delta * forward.states[t].mapv(|h| problem.activation.slope(h)); // (7)
            through_time = da.dot(&parameters.u.t()); // (6)
            adjoints.da[t - 1] += &da;
        }
    }
    adjoints
}

/// What one step contributes to each gradient: the terms of the sums (8) to (12).
#[derive(Debug, Clone, PartialEq)]
pub struct Step<F> {
    /// xₜᵀ daₜ `[X, H]`, equation (8).
    pub w: Array2<F>,
    /// hₜ₋₁ᵀ daₜ `[H, H]`, equation (9).
    pub u: Array2<F>,
    /// Σ_rows daₜ `[H]`, equation (10).
    pub b: Array1<F>,
    /// hₜᵀ eₜ `[H, O]`, equation (11), or hₜ₋₁ᵀ eₜ, equation (11′).
    pub v: Array2<F>,
    /// Σ_rows eₜ `[O]`, equation (12).
    pub c: Array1<F>,
    /// dxₜ = daₜ Wᵀ `[B, X]`, equation (14).
    pub input: Array2<F>,
}

/// The terms that step t, counted from 1, adds to the gradients.
///
/// # Panics
/// If t is 0 or beyond the sequence.
pub fn by_step<F: NdFloat>(
    parameters: &Parameters<F>,
    problem: &Problem<F>,
    forward: &Forward<F>,
    adjoints: &Adjoints<F>,
    t: usize,
) -> Step<F> {
    let (da, error) = (&adjoints.da[t - 1], &adjoints.errors[t - 1]);
    Step {
        w: problem.input(t).t().dot(da),                      // (8)
        u: forward.states[t - 1].t().dot(da),                 // (9)
        b: da.sum_axis(Axis(0)),                              // (10)
        v: forward.states[problem.read_by(t)].t().dot(error), // (11)
        c: error.sum_axis(Axis(0)),                           // (12)
        input: da.dot(&parameters.w.t()),                     // (14)
    }
}

/// The loss and its derivative by everything it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients<F> {
    /// L
    pub loss: F,
    /// dL/dW `[X, H]`
    pub w: Array2<F>,
    /// dL/dU `[H, H]`
    pub u: Array2<F>,
    /// dL/db `[H]`
    pub b: Array1<F>,
    /// dL/dV `[H, O]`
    pub v: Array2<F>,
    /// dL/dc `[O]`
    pub c: Array1<F>,
    /// dL/dh₀ `[B, H]`, of each row's own initial state; one state shared by all rows has the
    /// sum over B for its gradient.
    pub h0: Array2<F>,
    /// dL/dx `[T, B, X]`
    pub inputs: Array3<F>,
}

/// The gradient of L: equations (1) to (14), the sums taken from t = T down to 1.
///
/// With a truncation, what the windows give in its place; `loss` is L all the same.
///
/// # Panics
/// As [`forward`](super::forward()) and [`backward`].
pub fn gradients<F: NdFloat>(parameters: &Parameters<F>, problem: &Problem<F>) -> Gradients<F> {
    let forward = forward(parameters, problem);
    let adjoints = backward(parameters, problem, &forward);
    let mut sum = Gradients {
        loss: forward.loss,
        w: Array2::zeros(parameters.w.dim()),
        u: Array2::zeros(parameters.u.dim()),
        b: Array1::zeros(parameters.b.dim()),
        v: Array2::zeros(parameters.v.dim()),
        c: Array1::zeros(parameters.c.dim()),
        h0: adjoints.total[0].clone(), // (13)
        inputs: Array3::zeros(problem.inputs.dim()),
    };
    for t in (1..=problem.steps()).rev() {
        let step = by_step(parameters, problem, &forward, &adjoints, t);
        sum.w += &step.w;
        sum.u += &step.u;
        sum.b += &step.b;
        sum.v += &step.v;
        sum.c += &step.c;
        sum.inputs.index_axis_mut(Axis(0), t - 1).assign(&step.input);
    }
    sum
}

impl<F: NdFloat> Gradients<F> {
    /// The gradients of the parameters and the initial state, under their names.
    pub fn named(&self) -> [(&'static str, ArrayViewD<'_, F>); 6] {
        let Self { w, u, b, v, c, h0, .. } = self;
        [
            ("w", any(w.view())),
            ("u", any(u.view())),
            ("b", any(b.view())),
            ("v", any(v.view())),
            ("c", any(c.view())),
            ("h0", any(h0.view())),
        ]
    }
}

impl<F: NdFloat> Step<F> {
    /// The contributions to the gradients of the parameters, under their names.
    pub fn named(&self) -> [(&'static str, ArrayViewD<'_, F>); 5] {
        let Self { w, u, b, v, c, .. } = self;
        [
            ("w", any(w.view())),
            ("u", any(u.view())),
            ("b", any(b.view())),
            ("v", any(v.view())),
            ("c", any(c.view())),
        ]
    }
}

fn any<F, D: Dimension>(array: ArrayView<'_, F, D>) -> ArrayViewD<'_, F> {
    array.into_dyn()
}
