//! From every loss to every use: sums over paths, and the recursions that find them.

use super::close;
use crate::{common, posed::golden_problem};
use ndarray::{Array1, Array2, ArrayD, Axis, concatenate};
use rnn::by_hand::{
    elman::{Problem, backward, forward, gradients},
    truncation::{Truncation, Window},
};
use tape::Tape;

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
