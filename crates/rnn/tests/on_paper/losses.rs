//! What is summed, over steps, rows and outputs, and with what factor.

use super::{agree, all, close};
use crate::{common, posed::golden_problem};
use ndarray::{Array2, Array3, Axis, array, s};
use rnn::by_hand::{
    elman::{Parameters, Problem, Readout, backward, forward, gradients},
    loss::{Loss, Reduction, Rows},
};

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
