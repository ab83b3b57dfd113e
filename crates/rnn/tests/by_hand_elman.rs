//! The gradient derived on paper is the gradient: held against numbers made by others,
//! against differences of the loss, and against what theory says of it.

use crate::golden;
use golden::{Target, close};
use ndarray::{Array1, Array2, Array3, ArrayViewMutD, Axis, array, s};
use rnn::by_hand::{
    elman::{
        Activation, Gradients, Parameters, Problem, Readout, backward, by_step, forward, gradients,
    },
    loss::{Loss, Reduction, Rows},
    truncation::{Injected, Truncation, Window},
};

fn posed(golden: &golden::Elman) -> (Parameters<f64>, Problem<f64>) {
    let golden::Elman { activation, w, u, b, v, c, h0, inputs, target } = golden.clone();
    let activation = match activation {
        "identity" => Activation::Identity,
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        other => panic!("{other}"),
    };
    let loss = match target {
        Target::HalfSquaredError(targets) => Loss::SquaredError { half: true, targets },
        Target::CrossEntropy(classes) => Loss::SoftmaxCrossEntropy { classes },
        Target::Linear(adjoints) => Loss::Linear { adjoints },
    };
    (Parameters { w, u, b, v, c }, Problem::new(activation, inputs, h0, loss))
}

fn golden_problem() -> (Parameters<f64>, Problem<f64>) {
    posed(&golden::sequence("tanh", false, 7))
}

fn truncated(window: Window) -> Gradients<f64> {
    let (parameters, mut problem) = golden_problem();
    problem.truncation = Truncation::Fixed(window);
    gradients(&parameters, &problem)
}

fn norm<'a>(entries: impl IntoIterator<Item = &'a f64>) -> f64 {
    entries.into_iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn whole(gradients: &Gradients<f64>) -> Array1<f64> {
    gradients.named().iter().flat_map(|(_, g)| g.iter().copied().collect::<Vec<_>>()).collect()
}

#[track_caller]
fn assert_close(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1e-3), "{got:e} for {want:e}");
}

#[test]
fn it_agrees_with_the_closed_form() {
    for case in golden::closed_form() {
        let (parameters, problem) = posed(&case.problem);
        let got = gradients(&parameters, &problem);
        assert_close(got.loss, case.loss, 1e-11);
        assert_close(norm(&whole(&got)), case.gradient_norm, 1e-11);
        let of = |name| got.named().into_iter().find(|(n, _)| *n == name).unwrap().1;
        for (name, sum) in &case.sums {
            assert_close(of(*name).sum(), *sum, 1e-11);
        }
        for (name, index, value) in &case.entries {
            assert_close(of(*name)[index.as_slice()], *value, 1e-11);
        }
    }
}

#[test]
fn its_windows_agree_with_the_closed_form() {
    for case in golden::truncated() {
        let injected = if case.all_losses { Injected::All } else { Injected::New };
        let got = truncated(Window { injected, ..Window::new(case.every, case.reach) });
        let recurrent = got.w.iter().chain(&got.u).chain(&got.b);
        assert_close(norm(recurrent), case.recurrent_norm, 1e-11);
        assert_close(got.u.sum(), case.sum_u, 1e-11);
        assert_close(got.v.sum(), case.sum_v, 1e-11);
        assert_close(got.h0.sum(), case.sum_h0, 1e-11);
    }
}

#[test]
fn blocks_of_two_agree_with_the_closed_form() {
    let (parameters, mut problem) = posed(&golden::sequence("tanh", false, 5));
    problem.truncation = Truncation::Blocks(2);
    let got = gradients(&parameters, &problem);
    let all_but_h0 = got.w.iter().chain(&got.u).chain(&got.b).chain(&got.v).chain(&got.c);
    assert_close(norm(all_but_h0), golden::norm_in_blocks_of_two(), 1e-11);
}

#[test]
fn it_agrees_with_pytorch() {
    for case in golden::torch() {
        let (parameters, problem) = posed(&case.problem);
        let outputs = forward(&parameters, &problem).outputs;
        for (t, o) in outputs.iter().enumerate() {
            let want = case.outputs.index_axis(Axis(0), t);
            assert!(close(o.view().into_dyn(), want.into_dyn(), 1e-12, 1.0), "{} {t}", case.name);
        }
        let got = gradients(&parameters, &problem);
        assert!((got.loss - case.loss).abs() <= 1e-12 * case.loss.abs().max(1.0));
        for (name, want) in &case.gradients {
            let named = got.named().into_iter().find(|(n, _)| n == name);
            let found = named.map_or(got.inputs.view().into_dyn(), |(_, g)| g);
            assert!(close(found, want.view(), 1e-10, 1e-3), "{} {name}", case.name);
        }
    }
}

/// A batch of two, four steps, nothing symmetric, nothing near the kink of ReLU.
fn small(activation: Activation, loss: Loss<f64>) -> (Parameters<f64>, Problem<f64>) {
    let wave = |i: f64, j: f64, k: f64| (1.0 + 2.3 * i + 1.7 * j + 0.9 * k).sin();
    let matrix = |rows, columns, k: f64| {
        Array2::from_shape_fn((rows, columns), |(i, j)| 0.8 * wave(i as f64, j as f64, k))
    };
    let row = |n, k: f64| Array1::from_shape_fn(n, |i| 0.5 * wave(i as f64, 0.0, k));
    let parameters = Parameters {
        w: matrix(2, 3, 1.0),
        u: matrix(3, 3, 2.0),
        b: row(3, 3.0),
        v: matrix(3, 2, 4.0),
        c: row(2, 5.0),
    };
    let inputs =
        Array3::from_shape_fn((4, 2, 2), |(t, i, j)| wave(t as f64, i as f64, 6.0 + j as f64));
    (parameters, Problem::new(activation, inputs, matrix(2, 3, 7.0), loss))
}

fn every_loss() -> [Loss<f64>; 4] {
    let given = Array3::from_shape_fn((4, 2, 2), |(t, i, j)| ((t * 5 + i * 3 + j) as f64).cos());
    [
        Loss::SquaredError { half: true, targets: given.clone() },
        Loss::SquaredError { half: false, targets: given.clone() },
        Loss::SoftmaxCrossEntropy { classes: array![[0, 1], [1, 1], [1, 0], [0, 0]] },
        Loss::Linear { adjoints: given },
    ]
}

fn everything_it_depends_on<'a>(
    parameters: &'a mut Parameters<f64>,
    problem: &'a mut Problem<f64>,
) -> [ArrayViewMutD<'a, f64>; 7] {
    [
        parameters.w.view_mut().into_dyn(),
        parameters.u.view_mut().into_dyn(),
        parameters.b.view_mut().into_dyn(),
        parameters.v.view_mut().into_dyn(),
        parameters.c.view_mut().into_dyn(),
        problem.h0.view_mut().into_dyn(),
        problem.inputs.view_mut().into_dyn(),
    ]
}

fn worst_against_differences(parameters: &Parameters<f64>, problem: &Problem<f64>) -> f64 {
    const H: f64 = 1e-5;
    let got = gradients(parameters, problem);
    let inputs = got.inputs.view().into_dyn();
    let views: Vec<_> = got.named().into_iter().map(|(_, g)| g).chain([inputs]).collect();
    let largest = views.iter().flat_map(|g| g.iter()).fold(1.0f64, |m, g| m.max(g.abs()));
    let mut worst = 0.0f64;
    for (which, view) in views.iter().enumerate() {
        for (i, derivative) in view.iter().enumerate() {
            let moved = |by: f64| {
                let (mut parameters, mut problem) = (parameters.clone(), problem.clone());
                let mut all = everything_it_depends_on(&mut parameters, &mut problem);
                all[which].iter_mut().skip(i).take(1).for_each(|x| *x += by);
                forward(&parameters, &problem).loss
            };
            worst = worst.max((derivative - (moved(H) - moved(-H)) / (2.0 * H)).abs());
        }
    }
    worst / largest
}

#[test]
fn it_is_the_slope_of_every_loss_there_is() {
    use Activation::{Identity, Relu, Sigmoid, Tanh};
    let mask = array![[1.0, 1.0], [0.5, 0.0], [1.0, 1.0], [1.0, 0.0]];
    let mut tried = 0;
    for activation in [Identity, Tanh, Relu, Sigmoid] {
        for loss in every_loss() {
            for reduction in
                [Reduction::Sum, Reduction::MeanOverTime, Reduction::Last, Reduction::MaskedMean]
            {
                for readout in [Readout::Before, Readout::After] {
                    for rows in [Rows::Sum, Rows::Mean] {
                        let (parameters, problem) = small(activation, loss.clone());
                        let mask = (tried % 3 != 0).then(|| mask.clone());
                        let problem = Problem { reduction, readout, rows, mask, ..problem };
                        let worst = worst_against_differences(&parameters, &problem);
                        assert!(worst < 1e-8, "{worst:e} {problem:?}");
                        tried += 1;
                    }
                }
            }
        }
    }
    assert_eq!(tried, 256);
}

#[test]
fn the_square_without_its_half_has_exactly_twice_the_gradient() {
    let [half, full, ..] = every_loss();
    let (parameters, problem) = small(Activation::Tanh, half);
    let with = gradients(&parameters, &problem);
    let without = gradients(&parameters, &Problem { loss: full, ..problem });
    assert_eq!(whole(&without), 2.0 * whole(&with));
}

#[test]
fn reading_before_the_step_is_reading_after_it_one_input_later() {
    for loss in every_loss() {
        let (parameters, mut before) = small(Activation::Tanh, loss);
        let mut after = before.clone();
        before.readout = Readout::Before;
        // o₁ reads h₀, which no step of the other network reads.
        before.mask = Some(array![[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]);
        after.inputs = before.inputs.slice(s![..3, .., ..]).to_owned();
        after.loss = match after.loss {
            Loss::SquaredError { half, targets } => {
                Loss::SquaredError { half, targets: targets.slice(s![1.., .., ..]).to_owned() }
            }
            Loss::SoftmaxCrossEntropy { classes } => {
                Loss::SoftmaxCrossEntropy { classes: classes.slice(s![1.., ..]).to_owned() }
            }
            Loss::Linear { adjoints } => {
                Loss::Linear { adjoints: adjoints.slice(s![1.., .., ..]).to_owned() }
            }
        };
        let (outputs, shifted) = (forward(&parameters, &before), forward(&parameters, &after));
        assert_eq!(outputs.outputs[1..], shifted.outputs);
        let (before, after) = (gradients(&parameters, &before), gradients(&parameters, &after));
        assert_eq!(whole(&before), whole(&after));
        assert_eq!(before.inputs.slice(s![..3, .., ..]), after.inputs);
        assert!(before.inputs.slice(s![3, .., ..]).iter().all(|&dx| dx == 0.0));
    }
}

#[test]
fn the_readout_does_not_feel_the_truncation() {
    let (parameters, problem) = golden_problem();
    let full = gradients(&parameters, &problem);
    for every in 1..=8 {
        for reach in every..=9 {
            let got = truncated(Window::new(every, reach));
            assert_eq!((got.v, got.c), (full.v.clone(), full.c.clone()), "{every} {reach}");
        }
    }
}

#[test]
fn a_window_as_long_as_the_sequence_is_no_truncation() {
    let (parameters, problem) = golden_problem();
    let full = gradients(&parameters, &problem);
    assert_eq!(truncated(Window::new(7, 7)), full);
    for every in 1..=9 {
        let got = whole(&truncated(Window::new(every, 7)));
        let off = norm(&(&got - &whole(&full))) / norm(&got);
        assert!(off < 1e-14, "{every} {off:e}");
    }
    assert_ne!(whole(&truncated(Window::new(2, 6))), whole(&full));
}

#[test]
fn the_direct_part_alone_misses_a_fifth_of_the_gradient() {
    let (parameters, problem) = posed(&golden::sequence("tanh", false, 5));
    let full = gradients(&parameters, &problem);
    let forward = forward(&parameters, &problem);
    let adjoints = backward(&parameters, &problem, &forward);
    let mut literal = Array2::<f64>::zeros(full.u.dim());
    for t in 1..=5 {
        let slope = forward.states[t].mapv(|h| 1.0 - h * h);
        literal += &forward.states[t - 1].t().dot(&(&adjoints.direct[t] * &slope));
    }
    let off = norm(&(&literal - &full.u)) / norm(&full.u);
    let cosine = (&literal * &full.u).sum() / norm(&literal) / norm(&full.u);
    assert!((off - 0.186).abs() < 5e-4, "{off}");
    assert!((cosine - 0.984).abs() < 5e-4, "{cosine}");

    let window = Truncation::Fixed(Window::new(1, 1));
    let one = gradients(&parameters, &Problem { truncation: window, ..problem });
    assert!(norm(&(&literal - &one.u)) < 1e-15);
}

#[test]
fn the_steps_add_up_to_the_whole() {
    let [loss, ..] = every_loss();
    let (parameters, problem) = small(Activation::Sigmoid, loss);
    let forward = forward(&parameters, &problem);
    let adjoints = backward(&parameters, &problem, &forward);
    let whole = gradients(&parameters, &problem);
    let steps = (1..=4).map(|t| by_step(&parameters, &problem, &forward, &adjoints, t));
    let sum = steps.fold(Array2::zeros((3, 3)), |sum, step| sum + step.u);
    assert!(norm(&(&sum - &whole.u)) < 1e-15);
    assert_eq!(adjoints.total[0], whole.h0);
}

#[test]
fn the_total_adjoint_is_what_moving_the_state_does() {
    let [loss, ..] = every_loss();
    let (parameters, problem) = small(Activation::Tanh, loss);
    let run = forward(&parameters, &problem);
    let adjoints = backward(&parameters, &problem, &run);
    // Starting over from h₂, the gradient of the losses still to come by their initial state
    // is what reaches h₂ through time; the direct part is missing from it.
    let mut rest = problem.clone();
    rest.inputs = problem.inputs.slice(s![2.., .., ..]).to_owned();
    rest.h0 = run.states[2].clone();
    let Loss::SquaredError { half, targets } = problem.loss else { panic!() };
    rest.loss = Loss::SquaredError { half, targets: targets.slice(s![2.., .., ..]).to_owned() };
    let through_time = gradients(&parameters, &rest).h0;
    let sum = &adjoints.direct[2] + &through_time;
    assert!(norm(&(&sum - &adjoints.total[2])) < 1e-15);
}

#[test]
fn a_batch_is_the_sum_of_its_rows() {
    let [loss, ..] = every_loss();
    let (parameters, problem) = small(Activation::Tanh, loss);
    let batch = gradients(&parameters, &problem);
    let Loss::SquaredError { half, targets } = problem.loss.clone() else { panic!() };
    let mut sum = Array2::zeros((3, 3));
    for row in 0..2 {
        let mut alone = problem.clone();
        alone.inputs = problem.inputs.slice(s![.., row..=row, ..]).to_owned();
        alone.h0 = problem.h0.slice(s![row..=row, ..]).to_owned();
        alone.loss =
            Loss::SquaredError { half, targets: targets.slice(s![.., row..=row, ..]).to_owned() };
        sum += &gradients(&parameters, &alone).u;
    }
    assert!(norm(&(&sum - &batch.u)) < 1e-14);
}

#[test]
fn what_is_masked_is_never_looked_at() {
    let [Loss::SquaredError { half, mut targets }, ..] = every_loss() else { panic!() };
    targets[[1, 0, 0]] = f64::NAN;
    let (parameters, mut problem) = small(Activation::Tanh, Loss::SquaredError { half, targets });
    assert!(whole(&gradients(&parameters, &problem)).iter().any(|g| g.is_nan()));
    problem.mask = Some(array![[1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]);
    assert!(whole(&gradients(&parameters, &problem)).iter().all(|g| g.is_finite()));
}

#[test]
fn in_single_precision_it_is_the_same_gradient_to_single_precision() {
    let (parameters, problem) = golden_problem();
    let Loss::SquaredError { half, targets } = &problem.loss else { panic!() };
    let single = Parameters {
        w: parameters.w.mapv(|x| x as f32),
        u: parameters.u.mapv(|x| x as f32),
        b: parameters.b.mapv(|x| x as f32),
        v: parameters.v.mapv(|x| x as f32),
        c: parameters.c.mapv(|x| x as f32),
    };
    let loss = Loss::SquaredError { half: *half, targets: targets.mapv(|x| x as f32) };
    let (x, h0) = (problem.inputs.mapv(|x| x as f32), problem.h0.mapv(|x| x as f32));
    let got = gradients(&single, &Problem::new(Activation::Tanh, x, h0, loss));
    let want = gradients(&parameters, &problem);
    let off = norm(&(got.u.mapv(f64::from) - &want.u)) / norm(&want.u);
    assert!(0.0 < off && off < 1e-6, "{off:e}");
}
