//! Wrong gradients made on purpose, from the right ingredients.

use super::{Cause, Named};
use crate::{
    Cell, Input, ParamStore, Result, State,
    bptt::Window,
    by_hand::{
        elman::{self, Parameters, Problem, Readout},
        loss::Loss,
        truncation::{self, Truncation},
    },
    diagnose::Unrolled,
};
use ndarray::{Array2, Array3, ArrayD, Axis};
use tape::{Gradients, Real, Tape, Var};

/// What a gradient would be if one mistake had been made.
#[derive(Debug, Clone)]
pub struct Suspect {
    /// The mistake.
    pub cause: Cause,
    /// The arrays that it makes wrong.
    pub arrays: Named,
}

impl Suspect {
    /// The array of that name.
    pub fn array(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.arrays.iter().find(|(known, _)| known == name).map(|(_, array)| array)
    }
}

/// The suspects of Elman's network, from [`by_hand::elman`](crate::by_hand::elman): arrays called `w`, `u`, `b`, `v`, `c`, `h0`.
///
/// The direct part only; every truncation, by loss and in blocks; the state, the input or the error taken from a
/// neighbouring step; the slope of the neighbouring state; the readout of the state before instead of after. A mistake
/// that makes no difference on this problem is left out.
///
/// # Panics
/// When parameters and problem do not fit each other.
pub fn elman(parameters: &Parameters<f64>, problem: &Problem<f64>) -> Vec<Suspect> {
    let gradients = |problem: &Problem<f64>| owned(&elman::gradients(parameters, problem));
    let cut = |truncation| gradients(&Problem { truncation, ..problem.clone() });
    let truth = gradients(problem);
    let mut all =
        vec![(Cause::DirectPartOnly, cut(Truncation::Fixed(truncation::Window::new(1, 1))))];
    for k in 2..problem.steps() {
        let by_loss = Truncation::Fixed(truncation::Window::new(1, k));
        all.push((Cause::Truncated { k, blocks: false }, cut(by_loss)));
        all.push((Cause::Truncated { k, blocks: true }, cut(Truncation::Blocks(k))));
    }
    let mut shifted = |what, arrays| all.push((Cause::OffByOne { what }, arrays));

    let forward = elman::forward(parameters, problem);
    let adjoints = elman::backward(parameters, problem, &forward);
    let (states, da, e) = (&forward.states, &adjoints.da, &adjoints.errors);
    let inputs: Vec<_> = problem.inputs.axis_iter(Axis(0)).map(|x| x.to_owned()).collect();
    let n = problem.steps();
    let one = |name: &str, array: Array2<f64>| vec![(name.to_owned(), array.into_dyn())];
    shifted("dU takes hₜ where hₜ₋₁ belongs", one("u", sum_of_products(&states[1..], da)));
    shifted(
        "dU takes hₜ₋₂ where hₜ₋₁ belongs",
        one("u", sum_of_products(&states[..n - 1], &da[1..])),
    );
    shifted(
        "dW takes xₜ₋₁ where xₜ belongs",
        one("w", sum_of_products(&inputs[..n - 1], &da[1..])),
    );
    shifted(
        "dW takes xₜ₊₁ where xₜ belongs",
        one("w", sum_of_products(&inputs[1..], &da[..n - 1])),
    );
    let reads_before = matches!(problem.readout, Readout::Before);
    let (what, other) = if reads_before {
        ("dV takes hₜ where hₜ₋₁ belongs", &states[1..])
    } else {
        ("dV takes hₜ₋₁ where hₜ belongs", &states[..n])
    };
    shifted(what, one("v", sum_of_products(other, e)));

    for (by, what) in
        [(1, "the error of step t + 1 enters at t"), (-1, "the error of step t − 1 enters at t")]
    {
        let adjoints =
            Array3::from_shape_fn((n, states[0].nrows(), parameters.c.len()), |(t, b, o)| {
                let from = usize::try_from(t as isize + by).ok();
                from.and_then(|t| e.get(t)).map_or(0.0, |e| e[[b, o]])
            });
        let plain = Problem::new(
            problem.activation,
            problem.inputs.clone(),
            problem.h0.clone(),
            Loss::Linear { adjoints },
        );
        shifted(what, gradients(&Problem { readout: problem.readout, ..plain }));
    }
    let readout = if reads_before { Readout::After } else { Readout::Before };
    let what = if reads_before {
        "the loss reads hₜ where hₜ₋₁ belongs"
    } else {
        "the loss reads hₜ₋₁ where hₜ belongs"
    };
    shifted(what, gradients(&Problem { readout, ..problem.clone() }));
    guilty(all, &truth)
}

/// The suspects of any cell, made on the tape: parameters by their names in the store.
///
/// `xs` is `[T, B, X]`, `start` the parts of `s₀`, and `loss` makes one number of t (from 0) and `hₜ₊₁`. The direct part
/// only; every truncation, by loss and in blocks; what comes back through one part of the state missing, for states of
/// several parts; the loss of the state before.
///
/// # Errors
/// A sequence without steps.
///
/// # Panics
/// When the shapes do not fit.
pub fn of_cell<C: Cell<f64>>(
    cell: &C,
    store: &ParamStore<f64>,
    xs: &Array3<f64>,
    start: &[ArrayD<f64>],
    loss: impl for<'t> Fn(crate::Bound<'t, '_, f64>, usize, Var<'t, f64>) -> Var<'t, f64>,
) -> Result<Vec<Suspect>> {
    let steps = xs.len_of(Axis(0));
    let run = |detached: &dyn Fn(usize, usize) -> bool, window: Option<Window>, late: bool| {
        let tape = Tape::new();
        let p = store.bind(&tape);
        let mut parts = start.iter();
        let start: C::State<'_> =
            State::build(&mut || tape.leaf(parts.next().cloned().unwrap_or_default()));
        let mut before = start.output();
        let recorded = Unrolled::with_carry(
            cell,
            p,
            &Input::Dense(tape.constant(xs)),
            start,
            |t, h| loss(p, t, if late { std::mem::replace(&mut before, h) } else { h }),
            |t, part, var| if t > 0 && detached(t, part) { var.detach() } else { var },
        );
        let gradients = match window {
            Some(window) => recorded.truncated(window),
            None => recorded.gradients(),
        };
        named(store, &gradients)
    };
    let nowhere = |_, _| false;
    let truth = run(&nowhere, None, false);
    let mut all = vec![(Cause::DirectPartOnly, run(&|_, _| true, None, false))];
    let parts = cell.widths().len();
    for part in (0..parts).filter(|_| parts > 1) {
        let only = move |_, this| this == part;
        all.push((Cause::MissingRecurrentTerm { part }, run(&only, None, false)));
    }
    for k in 2..steps {
        let by_loss = Some(Window::new(1, k)?);
        all.push((Cause::Truncated { k, blocks: false }, run(&nowhere, by_loss, false)));
        let blocks = move |t: usize, _| t.is_multiple_of(k);
        all.push((Cause::Truncated { k, blocks: true }, run(&blocks, None, false)));
    }
    let what = "the loss reads hₜ₋₁ where hₜ belongs";
    all.push((Cause::OffByOne { what }, run(&nowhere, None, true)));
    Ok(guilty(all, &truth))
}

/// The gradients of all parameters under their names in the store.
pub fn named<T: Real>(store: &ParamStore<T>, gradients: &Gradients<T>) -> Named {
    let primal = |array: &ArrayD<T>| array.map(|x| x.primal());
    gradients.params().map(|(id, array)| (store.name(id).to_owned(), primal(array))).collect()
}

/// Σₜ leftₜᵀ rightₜ
fn sum_of_products(left: &[Array2<f64>], right: &[Array2<f64>]) -> Array2<f64> {
    let mut sum = Array2::zeros((left[0].ncols(), right[0].ncols()));
    for (left, right) in left.iter().zip(right) {
        sum += &left.t().dot(right);
    }
    sum
}

fn owned(gradients: &elman::Gradients<f64>) -> Named {
    gradients.named().into_iter().map(|(name, array)| (name.to_owned(), array.to_owned())).collect()
}

/// Without the arrays that are right, and the suspects that have no other.
fn guilty(all: Vec<(Cause, Named)>, truth: &Named) -> Vec<Suspect> {
    let wrong = |(name, array): &(String, ArrayD<f64>)| {
        truth.iter().any(|(known, right)| known == name && array != right)
    };
    let suspect = |(cause, arrays): (Cause, Named)| Suspect {
        cause,
        arrays: arrays.into_iter().filter(|array| wrong(array)).collect(),
    };
    all.into_iter().map(suspect).filter(|suspect| !suspect.arrays.is_empty()).collect()
}
