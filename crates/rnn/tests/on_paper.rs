//! Backpropagation through time as introductions write it: every equation that is right, or has been made right.

#![allow(clippy::unwrap_used)] // a test may

mod common;
mod golden;
mod posed;

use ndarray::{Array1, Array2, Array3, ArrayD, Axis, array, concatenate, s};
use posed::golden_problem;
use rnn::{
    by_hand::{
        elman::{Parameters, Problem, Readout, backward, forward, gradients},
        loss::{Loss, Reduction, Rows},
        truncation::{Truncation, Window},
    },
    spectral,
};
use tape::Tape;

fn close(got: &ArrayD<f64>, want: &ArrayD<f64>) -> bool {
    golden::close(got.view(), want.view(), 1e-12, 1e-3)
}

fn all(parameters: &Parameters<f64>, problem: &Problem<f64>) -> Vec<ArrayD<f64>> {
    gradients(parameters, problem).named().map(|(_, array)| array.to_owned()).to_vec()
}

fn agree(got: &[ArrayD<f64>], want: &[ArrayD<f64>]) -> bool {
    got.len() == want.len() && got.iter().zip(want).all(|(got, want)| close(got, want))
}

#[test]
fn a_readout_before_the_step_is_one_after_it_with_the_inputs_shifted() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let before = Problem { readout: Readout::Before, ..problem.clone() };
    let run = forward(&parameters, &before);
    // The same states, read after the step: the first output reads h₀, which no step made.
    let Loss::SquaredError { targets, .. } = &problem.loss else { panic!() };
    let later = Problem {
        inputs: problem.inputs.slice(s![..4, .., ..]).to_owned(),
        loss: Loss::SquaredError { half: true, targets: targets.slice(s![1.., .., ..]).to_owned() },
        ..problem
    };
    let shifted = forward(&parameters, &later);
    for t in 1..5 {
        assert_eq!(run.outputs[t], shifted.outputs[t - 1]);
    }
    let (a, b) = (gradients(&parameters, &before), gradients(&parameters, &later));
    assert!(close(&a.u.into_dyn(), &b.u.into_dyn()) && close(&a.w.into_dyn(), &b.w.into_dyn()));
}

#[test]
fn without_the_half_every_gradient_is_twice_as_large() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let Loss::SquaredError { targets, .. } = problem.loss.clone() else { panic!() };
    let whole = Problem { loss: Loss::SquaredError { half: false, targets }, ..problem.clone() };
    for (twice, once) in all(&parameters, &whole).iter().zip(&all(&parameters, &problem)) {
        assert_eq!(*twice, 2.0 * once);
    }
}

#[test]
fn a_mean_over_time_is_the_sum_divided_by_its_length() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let mean = Problem { reduction: Reduction::MeanOverTime, ..problem.clone() };
    let fifth: Vec<_> = all(&parameters, &problem).iter().map(|g| g / 5.0).collect();
    assert!(agree(&all(&parameters, &mean), &fifth));
}

#[test]
fn a_batch_has_the_sum_or_the_mean_of_its_rows() {
    let loss = common::squared_error(true, 4);
    let problem = common::problem(rnn::by_hand::activation::Activation::Tanh, loss, 4);
    let parameters = common::parameters();
    let row = |i: usize| {
        let Loss::SquaredError { targets, .. } = &problem.loss else { panic!() };
        let of = |a: &Array3<f64>| a.slice(s![.., i..i + 1, ..]).to_owned();
        let loss = Loss::SquaredError { half: true, targets: of(targets) };
        let h0 = problem.h0.slice(s![i..i + 1, ..]).to_owned();
        all(&parameters, &Problem { inputs: of(&problem.inputs), h0, loss, ..problem.clone() })
    };
    let (first, second) = (row(0), row(1));
    let sum: Vec<_> = first[..5].iter().zip(&second).map(|(a, b)| a + b).collect();
    assert!(agree(&all(&parameters, &problem)[..5], &sum));
    let mean: Vec<_> = sum.iter().map(|g| g / 2.0).collect();
    let problem = Problem { rows: Rows::Mean, ..problem.clone() };
    assert!(agree(&all(&parameters, &problem)[..5], &mean));
}

#[test]
fn the_readout_needs_no_recursion() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let whole = gradients(&parameters, &problem);
    for every in 1..=5 {
        for reach in every..=5 {
            let truncation = Truncation::Fixed(Window::new(every, reach));
            let cut = gradients(&parameters, &Problem { truncation, ..problem.clone() });
            assert!(close(&cut.v.into_dyn(), &whole.v.clone().into_dyn()), "({every}, {reach})");
            assert!(close(&cut.c.into_dyn(), &whole.c.clone().into_dyn()), "({every}, {reach})");
        }
    }
}

/// "The derivative of s_T by U has the structure of a recurrence, and is computed inductively": forward, that is, which is real-time
/// recurrent learning. M[i, (j, k)] = ∂hₜ[i]/∂U[j, k].
#[test]
fn the_inductive_derivative_runs_forward_and_finds_the_same() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let (run, n) = (forward(&parameters, &problem), 4);
    let mut influence = Array2::<f64>::zeros((n, n * n));
    let mut du = Array1::<f64>::zeros(n * n);
    for t in 1..=5 {
        let slope = run.states[t].row(0).mapv(|h| 1.0 - h * h);
        let jacobian = Array2::from_diag(&slope).dot(&parameters.u.t());
        influence = jacobian.dot(&influence);
        for j in 0..n {
            for i in 0..n {
                influence[[i, j * n + i]] += slope[i] * run.states[t - 1][[0, j]];
            }
        }
        let direct = run.errors[t - 1].dot(&parameters.v.t());
        du += &direct.row(0).dot(&influence);
    }
    let du = du.into_shape_with_order((n, n)).unwrap().into_dyn();
    assert!(close(&du, &gradients(&parameters, &problem).u.into_dyn()));
}

/// dL/dU = Σₜ Σ_{k ≤ t} ∂Lₜ/∂hₜ ∂hₜ/∂h_k ∂⁺h_k/∂U: every pair of a loss and a use, one by one.
#[test]
fn the_double_sum_over_losses_and_uses_is_the_recursion() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let run = forward(&parameters, &problem);
    let (mut du, mut terms) = (Array2::<f64>::zeros((4, 4)), 0);
    for t in 1..=5 {
        for k in 1..=t {
            let mut delta = run.errors[t - 1].dot(&parameters.v.t());
            for j in (k + 1..=t).rev() {
                delta = (delta * run.states[j].mapv(|h| 1.0 - h * h)).dot(&parameters.u.t());
            }
            let da = delta * run.states[k].mapv(|h| 1.0 - h * h);
            du += &run.states[k - 1].t().dot(&da);
            terms += 1;
        }
    }
    assert_eq!(terms, 15);
    assert!(close(&du.into_dyn(), &gradients(&parameters, &problem).u.into_dyn()));
}

#[test]
fn what_is_used_twice_collects_from_both() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let y = x * x + x.sin();
    assert!((tape.backward(y)[x].sum() - (6.0 + 3.0_f64.cos())).abs() < 1e-15);
}

#[test]
fn every_copy_shares_one_leaf_however_long_the_sequence() {
    let leaves = |steps: usize| {
        let loss = common::squared_error(true, steps);
        let problem = common::problem(rnn::by_hand::activation::Activation::Tanh, loss, steps);
        let network = common::Network::new(&common::parameters(), &problem);
        let tape = Tape::new();
        let p = network.store.bind(&tape);
        let xs = network.inputs(&tape, 0..steps);
        let _ = rnn::unroll(&network.cell, p, &xs, p.var(network.h0)).count();
        let table = tape.table().to_string();
        table.lines().filter(|line| line.contains("param")).count()
    };
    assert_eq!(leaves(1), leaves(9));
    assert!(leaves(1) > 0);
}

#[test]
fn every_parameter_gets_a_gradient() {
    let (parameters, problem) = golden_problem("tanh", 5);
    for (name, gradient) in gradients(&parameters, &problem).named() {
        assert!(gradient.iter().all(|&x| x != 0.0), "{name}");
    }
}

#[test]
fn softmax_and_cross_entropy_leave_p_minus_one() {
    let loss = Loss::SoftmaxCrossEntropy { classes: array![[2]] };
    let o = array![0.3, -1.2, 0.8];
    let (_, e) = loss.of_row(0, 0, o.view());
    let p = o.mapv(f64::exp) / o.mapv(f64::exp).sum();
    assert!(close(&e.into_dyn(), &(p - array![0.0, 0.0, 1.0]).into_dyn()));
}

/// Lₖ for every k, after hₜ has been moved.
fn losses_after_moving(
    parameters: &Parameters<f64>,
    problem: &Problem<f64>,
    t: usize,
    by: &Array2<f64>,
) -> Vec<f64> {
    let run = forward(parameters, problem);
    let Loss::SquaredError { targets, .. } = &problem.loss else { panic!() };
    let from = |a: &Array3<f64>, t: usize| a.slice(s![t.., .., ..]).to_owned();
    // The rest of the sequence, from the moved state on.
    let loss = Loss::SquaredError { half: true, targets: from(targets, t) };
    let h0 = &run.states[t] + by;
    let own = h0.dot(&parameters.v) + &parameters.c - targets.index_axis(Axis(0), t - 1);
    let rest = Problem { inputs: from(&problem.inputs, t), h0, loss, ..problem.clone() };
    let rest = forward(parameters, &rest).losses;
    [&run.losses[..t - 1], &[own.mapv(|e| 0.5 * e * e).sum()], &rest].concat()
}

#[test]
fn moving_a_state_moves_its_own_loss_and_every_later_one() {
    let (parameters, problem) = golden_problem("tanh", 5);
    let (h, t) = (1e-5, 2);
    for unit in 0..4 {
        let mut by = Array2::zeros((1, 4));
        by[[0, unit]] = h;
        let up = losses_after_moving(&parameters, &problem, t, &by);
        let down = losses_after_moving(&parameters, &problem, t, &-by);
        for k in 1..=5 {
            let slope = (up[k - 1] - down[k - 1]) / (2.0 * h);
            let mask =
                Array2::from_shape_fn((5, 1), |(step, _)| f64::from(u8::from(step + 1 == k)));
            let only = Problem { mask: Some(mask), ..problem.clone() };
            let delta =
                backward(&parameters, &only, &forward(&parameters, &only)).total[t][[0, unit]];
            assert!((slope - delta).abs() < 1e-9, "L{k} by h{t}[{unit}]: {slope} for {delta}");
            assert_eq!(delta == 0.0, k < t, "the past does not move");
        }
    }
}

/// ds₃/dU = ∂⁺s₃/∂U + (∂s₃/∂s₂) ds₂/dU: the explicit part holds s₂ constant.
#[test]
fn explicit_and_implicit_part_are_the_total() {
    let (parameters, problem) = golden_problem("tanh", 3);
    let network = common::Network::new(&parameters, &problem);
    let swept = |detached: bool, seed: usize| {
        let tape = Tape::new();
        let p = network.store.bind(&tape);
        let xs = network.inputs(&tape, 0..3);
        let mut states = rnn::unroll(&network.cell, p, &xs.steps(0..2), p.var(network.h0));
        let s2 = states.by_ref().last().unwrap();
        let given = if detached { s2.detach() } else { s2 };
        let s3 = rnn::unroll(&network.cell, p, &xs.steps(2..3), given).last().unwrap();
        let mut cotangent = ArrayD::zeros(vec![1, 4]);
        cotangent[[0, seed]] = 1.0;
        let gradients = tape.backward_from(&[(s3, &cotangent)]);
        (gradients[network.cell.u].clone(), s2.value())
    };
    let through = |seed: usize| {
        // (∂s₃/∂s₂) ds₂/dU, from what a step on s₂ alone sends back.
        let tape = Tape::new();
        let p = network.store.bind(&tape);
        let xs = network.inputs(&tape, 0..3);
        let s2 = tape.leaf(swept(true, seed).1);
        let s3 = rnn::unroll(&network.cell, p, &xs.steps(2..3), s2).last().unwrap();
        let mut cotangent = ArrayD::zeros(vec![1, 4]);
        cotangent[[0, seed]] = 1.0;
        let arriving = tape.backward_from(&[(s3, &cotangent)])[s2].clone();
        let s2 = rnn::unroll(&network.cell, p, &xs.steps(0..2), p.var(network.h0)).last().unwrap();
        tape.backward_from(&[(s2, &arriving)])[network.cell.u].clone()
    };
    for seed in 0..4 {
        let (total, explicit, implicit) =
            (swept(false, seed).0, swept(true, seed).0, through(seed));
        assert!(close(&(&explicit + &implicit), &total));
        assert!(implicit.iter().any(|x| x.abs() > 1e-3), "the indirect paths matter");
    }
}

/// What a sequence of equal steps does to an adjoint is decided by singular values; eigenvalues tell the end only.
#[test]
fn weights_whose_eigenvalues_are_small_may_blow_up_an_adjoint_for_a_while() {
    let u = array![[0.9, 5.0], [0.0, 0.9]];
    assert!(spectral::radius(&u) < 0.901 && spectral::norm(&u) > 5.0);
    let mut power = Array2::eye(2);
    let mut lengths = vec![];
    for _ in 0..200 {
        power = power.dot(&u);
        lengths.push(spectral::norm(&power));
    }
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    assert!(longest > 15.0 && lengths[199] < 1e-5, "{longest}, {}", lengths[199]);
}

/// ‖Jₜ‖ ≤ γ ‖U‖ with γ = 1 for tanh: so ‖U‖ < 1 is enough to vanish. ‖U‖ > 1 is not enough to explode.
#[test]
fn a_norm_below_one_must_vanish_and_one_above_need_not_explode() {
    let product = |scale: f64, input: f64| {
        let u = array![[0.6, -0.8], [0.8, 0.6]] * scale;
        let (mut h, mut product) = (array![[0.1, -0.2]], Array2::<f64>::eye(2));
        for _ in 0..60 {
            h = (h.dot(&u) + input).mapv(f64::tanh);
            let slope = Array2::from_diag(&h.row(0).mapv(|h| 1.0 - h * h));
            product = slope.dot(&u.t()).dot(&product);
        }
        spectral::norm(&product)
    };
    assert!(product(0.9, 0.0) <= 0.9_f64.powi(60));
    assert!(product(3.0, 9.0) < 1e-100, "saturated units pass nothing, however large the weights");
    assert!(product(1.001, 0.0) > 1e-3);
}

#[test]
fn stacked_rows_are_the_outer_products_of_the_articles() {
    // dU = Σₜ hₜ₋₁ᵀ daₜ is, for rows below each other, one product: Hᵀ dA.
    let (parameters, problem) = golden_problem("tanh", 5);
    let run = forward(&parameters, &problem);
    let adjoints = backward(&parameters, &problem, &run);
    let rows = |of: &[Array2<f64>]| {
        concatenate(Axis(0), &of.iter().map(|a| a.view()).collect::<Vec<_>>()).unwrap()
    };
    let du = rows(&run.states[..5]).t().dot(&rows(&adjoints.da));
    assert!(close(&du.into_dyn(), &gradients(&parameters, &problem).u.into_dyn()));
}
