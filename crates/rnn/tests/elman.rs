//! The tape's gradient of a recurrence is the one derived on paper, and the one that others computed.

use crate::{common, golden};
use common::{Arrays, Network, assert_agree, assert_same_bits, derived};
use golden::{Target, close};
use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis, array};
use rnn::{
    Activation, Elman, Readout,
    bptt::Truncation,
    by_hand::{
        self,
        elman::{Parameters, Problem, backward, forward},
        loss::{Loss, Reduction, Rows},
    },
    compare::compare,
    unroll,
};
use tape::{Tape, Var};

/// The gradients of one sweep over the states that [`unroll`] yields.
fn unrolled(network: &Network) -> Arrays {
    let (tape, steps) = (Tape::new(), network.problem.steps());
    let p = network.store.bind(&tape);
    let xs = network.inputs(&tape, 0..steps);
    let start = p.var(network.h0);
    let after: Vec<_> = unroll(&network.cell, p, &xs, start).collect();
    let read = match network.readout() {
        Readout::After => after,
        Readout::Before => [&[start], &after[..steps - 1]].concat(),
    };
    let loss = network.loss(&network.store, tape.stack(&read), 0..steps);
    let mut gradients = common::named(&network.store, &tape.backward(loss));
    gradients.insert("loss".into(), loss.value());
    gradients
}

fn every_loss(steps: usize) -> [Loss<f64>; 3] {
    let (half, whole) = (common::squared_error(true, steps), common::squared_error(false, steps));
    [half, whole, common::cross_entropy(steps)]
}

/// Every way to ask, at most `steps` steps long, with its name.
fn every_problem(steps: usize) -> Vec<Problem<f64>> {
    use by_hand::{activation::Activation::*, elman::Readout::*};
    let mask = Array2::from_shape_fn((steps, 2), |(t, i)| f64::from((t + 2 * i) % 3 != 1));
    let mut problems = Vec::new();
    for activation in [Identity, Tanh, Relu, Sigmoid] {
        for loss in every_loss(steps) {
            for reduction in
                [Reduction::Sum, Reduction::MeanOverTime, Reduction::Last, Reduction::MaskedMean]
            {
                for rows in [Rows::Sum, Rows::Mean] {
                    for readout in [After, Before] {
                        let problem = common::problem(activation, loss.clone(), steps);
                        let mask = (reduction == Reduction::MaskedMean).then(|| mask.clone());
                        problems.push(Problem { reduction, rows, readout, mask, ..problem });
                    }
                }
            }
        }
    }
    problems
}

fn title(problem: &Problem<f64>) -> String {
    let Problem { activation, readout, reduction, rows, loss, .. } = problem;
    let loss = match loss {
        Loss::SquaredError { half: true, .. } => "half squared error",
        Loss::SquaredError { .. } => "squared error",
        Loss::SoftmaxCrossEntropy { .. } => "cross entropy",
        Loss::Linear { .. } => "linear",
    };
    format!("{activation:?}, {loss}, {reduction:?} over time, {rows:?} of rows, read {readout:?}")
}

#[test]
fn a_generic_sweep_gives_the_gradient_derived_on_paper() {
    let problems = every_problem(5);
    assert_eq!(problems.len(), 4 * 3 * 4 * 2 * 2);
    for problem in problems {
        for bias in [true, false] {
            let mut parameters = common::parameters();
            let mut network = Network::new(&parameters, &problem);
            if !bias {
                parameters = common::without_bias(parameters);
                network = network.without_bias();
            }
            let mut want = derived(&parameters, &problem);
            if !bias {
                want.retain(|name, _| name != "b" && name != "c");
            }
            let what = format!("{}, bias: {bias}", title(&problem));
            assert_agree(&unrolled(&network), &want, 1e-12, &what);
            assert_agree(&network.gradients(Truncation::Full), &want, 1e-12, &what);
        }
    }
}

#[test]
fn classes_as_inputs_give_the_bits_of_rows_of_zeros_and_a_one() {
    for mut problem in every_problem(5) {
        let classes: Vec<usize> = (0..10).map(|k| (k * k + k / 3) % 3).collect();
        problem.inputs =
            Array3::from_shape_fn((5, 2, 3), |(t, i, j)| f64::from(classes[2 * t + i] == j));
        for bias in [true, false] {
            let mut parameters = common::parameters();
            let new = |parameters: &_| {
                let network = Network::new(parameters, &problem);
                if bias { network } else { network.without_bias() }
            };
            let (dense, mut one_hot) = (new(&parameters), new(&parameters));
            one_hot.one_hot = Some(classes.clone());
            let got = one_hot.gradients(Truncation::Full);
            assert_same_bits(&got, &dense.gradients(Truncation::Full), title(&problem));
            assert_same_bits(&unrolled(&one_hot), &unrolled(&dense), title(&problem));
            if !bias {
                parameters = common::without_bias(parameters);
            }
            let mut want = derived(&parameters, &problem);
            if !bias {
                want.retain(|name, _| name != "b" && name != "c");
            }
            assert_agree(&got, &want, 1e-12, title(&problem));
        }
    }
}

fn posed(golden: &golden::Elman) -> Network {
    let golden::Elman { activation, w, u, b, v, c, h0, inputs, target } = golden.clone();
    let activation = match activation {
        "identity" => by_hand::activation::Activation::Identity,
        "tanh" => by_hand::activation::Activation::Tanh,
        "relu" => by_hand::activation::Activation::Relu,
        other => panic!("{other}"),
    };
    let loss = match target {
        Target::HalfSquaredError(targets) => Loss::SquaredError { half: true, targets },
        Target::CrossEntropy(classes) => Loss::SoftmaxCrossEntropy { classes },
        Target::Linear(adjoints) => Loss::Linear { adjoints },
    };
    let problem = Problem::new(activation, inputs, h0, loss);
    Network::new(&Parameters { w, u, b, v, c }, &problem)
}

#[track_caller]
fn assert_close(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1e-3), "{got:e} for {want:e}");
}

#[test]
fn it_agrees_with_the_closed_form() {
    for case in golden::closed_form() {
        let network = posed(&case.problem);
        for mut got in [network.gradients(Truncation::Full), unrolled(&network)] {
            assert_close(got.remove("loss").unwrap().sum(), case.loss, 1e-11);
            let square: f64 = got.values().flatten().map(|x| x * x).sum();
            assert_close(square.sqrt(), case.gradient_norm, 1e-11);
            for (name, sum) in &case.sums {
                assert_close(got[*name].sum(), *sum, 1e-11);
            }
            for (name, index, value) in &case.entries {
                assert_close(got[*name][index.as_slice()], *value, 1e-11);
            }
        }
    }
}

#[test]
fn it_agrees_with_pytorch() {
    for case in golden::torch() {
        let network = posed(&case.problem);
        let (tape, steps) = (Tape::new(), network.problem.steps());
        let p = network.store.bind(&tape);
        let xs = tape.leaf(&network.problem.inputs);
        let states = unroll(&network.cell, p, &rnn::Input::Dense(xs), p.var(network.h0));
        let outputs = tape.stack(&states.collect::<Vec<_>>());
        let want = case.outputs.view().into_dyn();
        assert!(close(outputs.value().view(), want, 1e-12, 1.0), "{}", case.name);

        let loss = network.loss(&network.store, outputs, 0..steps);
        assert!((loss.item() - case.loss).abs() <= 1e-12 * case.loss.abs().max(1.0));
        let sweep = tape.backward(loss);
        let mut got = common::named(&network.store, &sweep);
        got.insert("inputs".into(), sweep[xs].clone());
        for (name, want) in &case.gradients {
            assert!(close(got[*name].view(), want.view(), 1e-10, 1e-3), "{} {name}", case.name);
        }
    }
}

/// `tanh`, made of other ops.
fn tanh_by_exponentials(a: Var<'_, f64>) -> Var<'_, f64> {
    let e = (a * 2.0).exp();
    (e - 1.0) / (e + 1.0)
}

#[test]
fn a_squash_of_ones_own_is_swept_like_a_built_in_one() {
    let loss = common::squared_error(true, 5);
    let problem = common::problem(by_hand::activation::Activation::Tanh, loss, 5);
    let mut network = Network::new(&common::parameters(), &problem);
    network.cell = network.cell.with_activation(Activation::Custom(tanh_by_exponentials));
    let got = network.gradients(Truncation::Full);
    assert_agree(&got, &derived(&common::parameters(), &problem), 1e-12, "tanh of one's own");
    assert_eq!(format!("{:?}", network.cell.activation), "Custom");
}

/// The adjoints of h₀ … h_T that a sweep gives, with or without the paths through time.
fn adjoints(network: &Network, through_time: bool) -> Vec<ArrayD<f64>> {
    let (tape, steps) = (Tape::new(), network.problem.steps());
    let p = network.store.bind(&tape);
    let xs = network.inputs(&tape, 0..steps);
    let xs = <Elman<f64> as rnn::Cell<f64>>::project(&network.cell, p, xs);
    let mut states = vec![p.var(network.h0).watch()];
    for t in 0..steps {
        let before = if through_time { states[t] } else { states[t].detach() };
        let after = rnn::Cell::step(&network.cell, p, xs.select(0, t), before);
        states.push(after.watch());
    }
    let read = match network.readout() {
        Readout::After => &states[1..],
        Readout::Before => &states[..steps],
    };
    let sweep = tape.backward(network.loss(&network.store, tape.stack(read), 0..steps));
    states.iter().map(|&h| sweep[h].clone()).collect()
}

#[test]
fn a_watched_state_has_the_adjoint_that_the_recursion_gives_it() {
    for problem in every_problem(5) {
        let parameters = common::parameters();
        let network = Network::new(&parameters, &problem);
        let want = backward(&parameters, &problem, &forward(&parameters, &problem));
        for (name, through_time, want) in
            [("total", true, &want.total), ("direct", false, &want.direct)]
        {
            let got = adjoints(&network, through_time);
            let got: Vec<ArrayViewD<'_, f64>> = got.iter().map(|a| a.view()).collect();
            let want = want.iter().map(|a| a.view().into_dyn()).collect();
            let report =
                compare::<&str, &str>([], []).with_sequences(0, [(name, got)], [(name, want)]);
            assert!(report.agrees_within(1e-12), "{}\n{report}", title(&problem));
        }
    }
}

#[test]
fn a_last_state_that_nothing_reads_has_an_adjoint_of_zeros() {
    let problem =
        common::problem(by_hand::activation::Activation::Tanh, common::cross_entropy(5), 5);
    let problem = Problem { readout: by_hand::elman::Readout::Before, ..problem };
    let network = Network::new(&common::parameters(), &problem);
    assert!(adjoints(&network, true)[5].iter().all(|&dh| dh == 0.0));
}

#[test]
fn a_mask_of_zeros_gives_a_loss_and_a_gradient_of_zero() {
    for loss in every_loss(5) {
        let problem = common::problem(by_hand::activation::Activation::Tanh, loss, 5);
        let mask = Some(array![[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]);
        let problem = Problem { reduction: Reduction::MaskedMean, mask, ..problem };
        let network = Network::new(&common::parameters(), &problem);
        let got = network.gradients(Truncation::Full);
        assert!(got.values().flatten().all(|&x| x == 0.0), "{}", title(&problem));
        assert_eq!(got["h0"].len_of(Axis(0)), 2);
    }
}

#[test]
fn a_target_that_is_masked_is_never_looked_at() {
    let Loss::SquaredError { half, mut targets } = common::squared_error(true, 5) else { panic!() };
    targets[[3, 1, 2]] = f64::NAN;
    let loss = Loss::SquaredError { half, targets };
    // A weight other than 0 and 1 is a weight.
    for weight in [1.0, 0.25] {
        let mut mask = Array2::ones((5, 2));
        (mask[[3, 1]], mask[[1, 0]]) = (0.0, weight);
        let problem = common::problem(by_hand::activation::Activation::Tanh, loss.clone(), 5);
        let problem = Problem { reduction: Reduction::MaskedMean, mask: Some(mask), ..problem };
        let got = Network::new(&common::parameters(), &problem).gradients(Truncation::Full);
        let want = derived(&common::parameters(), &problem);
        assert_agree(&got, &want, 1e-12, format!("a weight of {weight}"));
    }
}
