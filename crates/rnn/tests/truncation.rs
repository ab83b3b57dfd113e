//! Cutting the past is the truncation that theory means, for every window.

use crate::{common, golden};
use common::{Arrays, Network, assert_agree, assert_same_bits, cross_entropy, derived};
use golden::Target;
use ndarray::ArrayD;
use rnn::{
    Bound, Cell, Widths,
    bptt::{Truncation, Window},
    by_hand::{
        self,
        activation::Activation,
        elman::{Parameters, Problem, Readout},
        loss::Loss,
        truncation::Truncation as Cut,
    },
};
use tape::{ParamId, Tape, Var};

fn window(k1: usize, k2: usize) -> Truncation {
    Truncation::Window(Window::new(k1, k2).unwrap())
}

/// The two losses, read after each step and before it.
fn problems(steps: usize) -> Vec<Problem<f64>> {
    let losses = [common::squared_error(true, steps), cross_entropy(steps)];
    let both = losses.into_iter().flat_map(|loss| {
        let after = common::problem(Activation::Tanh, loss, steps);
        [Problem { readout: Readout::Before, ..after.clone() }, after]
    });
    both.collect()
}

/// What the windows give on paper; without the loss, of which a window may leave a part out.
fn on_paper(problem: &Problem<f64>, truncation: Cut) -> Arrays {
    let problem = Problem { truncation, ..problem.clone() };
    let mut want = derived(&common::parameters(), &problem);
    want.remove("loss");
    want
}

fn swept(problem: &Problem<f64>, truncation: Truncation) -> Arrays {
    let mut got = Network::new(&common::parameters(), problem).gradients(truncation);
    got.remove("loss");
    got
}

#[test]
fn every_window_gives_what_it_gives_on_paper() {
    let mut tried = 0;
    for steps in 1..=8 {
        for problem in problems(steps) {
            for k2 in 1..=steps {
                for k1 in 1..=k2 {
                    for flush in [true, false] {
                        let window = Window::new(k1, k2).unwrap().flush(flush);
                        let paper = by_hand::truncation::Window { flush, ..paper_window(k1, k2) };
                        let got = swept(&problem, Truncation::Window(window));
                        let what = format!("T = {steps}, {window:?}, {:?}", problem.readout);
                        assert_agree(&got, &on_paper(&problem, Cut::Fixed(paper)), 1e-12, what);
                        tried += 1;
                    }
                }
            }
        }
    }
    assert_eq!(tried, 120 * 4 * 2);
}

fn paper_window(k1: usize, k2: usize) -> by_hand::truncation::Window {
    by_hand::truncation::Window::new(k1, k2)
}

#[test]
fn a_window_shorter_than_its_stride_leaves_the_gaps_it_leaves_on_paper() {
    for steps in 1..=8 {
        for problem in problems(steps) {
            for k1 in 1..=steps {
                for k2 in 1..=k1 {
                    for flush in [true, false] {
                        let window = Window::gaps(k1, k2).unwrap().flush(flush);
                        let paper = by_hand::truncation::Window { flush, ..paper_window(k1, k2) };
                        let got = swept(&problem, Truncation::Window(window));
                        let what = format!("T = {steps}, {window:?}, {:?}", problem.readout);
                        assert_agree(&got, &on_paper(&problem, Cut::Fixed(paper)), 1e-12, what);
                    }
                }
            }
        }
    }
}

#[test]
fn its_windows_agree_with_the_closed_form() {
    let mut tried = 0;
    for case in golden::truncated().into_iter().filter(|case| !case.all_losses) {
        let golden::Elman { w, u, b, v, c, h0, inputs, target, .. } =
            golden::sequence("tanh", false, 7);
        let Target::HalfSquaredError(targets) = target else { panic!() };
        let loss = Loss::SquaredError { half: true, targets };
        let problem = Problem::new(Activation::Tanh, inputs, h0, loss);
        let network = Network::new(&Parameters { w, u, b, v, c }, &problem);
        let window = Window::gaps(case.every, case.reach).unwrap();
        let got = network.gradients(Truncation::Window(window));
        let close = |got: f64, want: f64| {
            assert!((got - want).abs() <= 1e-11 * want.abs().max(1e-3), "{}: {got:e}", case.name);
        };
        let recurrent = got["w"].iter().chain(&got["u"]).chain(&got["b"]);
        close(recurrent.map(|x| x * x).sum::<f64>().sqrt(), case.recurrent_norm);
        close(got["u"].sum(), case.sum_u);
        close(got["v"].sum(), case.sum_v);
        close(got["h0"].sum(), case.sum_h0);
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
}

#[test]
fn a_window_as_long_as_the_sequence_is_no_truncation() {
    for steps in [1, 5, 8] {
        for problem in problems(steps) {
            let full = swept(&problem, Truncation::Full);
            for k2 in steps..steps + 3 {
                for k1 in 1..=k2 {
                    let got = swept(&problem, window(k1, k2));
                    assert_agree(&got, &full, 1e-12, format!("({k1}, {k2}) over {steps}"));
                }
                for k1 in [k2, steps] {
                    let got = swept(&problem, window(k1, k2));
                    assert_same_bits(&got, &full, format!("({k1}, {k2}) over {steps}"));
                }
            }
        }
    }
}

#[test]
fn classes_as_inputs_are_cut_like_rows_of_zeros_and_a_one() {
    let classes: Vec<usize> = (0..14).map(|k| (k * k + k / 3) % 3).collect();
    for mut problem in problems(7) {
        let row = |(t, i, j)| f64::from(classes[2 * t + i] == j);
        problem.inputs = ndarray::Array3::from_shape_fn((7, 2, 3), row);
        let mut network = Network::new(&common::parameters(), &problem);
        network.one_hot = Some(classes.clone());
        for (k1, k2) in [(1, 1), (2, 2), (1, 3), (2, 5), (3, 3), (4, 9)] {
            let mut got = network.gradients(window(k1, k2));
            got.remove("loss");
            assert_same_bits(&got, &swept(&problem, window(k1, k2)), format!("({k1}, {k2})"));
        }
    }
}

#[test]
fn the_readout_does_not_feel_the_truncation() {
    for problem in problems(7) {
        let full = swept(&problem, Truncation::Full);
        let readout = |all: &Arrays| {
            all.clone().into_iter().filter(|(name, _)| name == "v" || name == "c").collect()
        };
        for k2 in 1..=8 {
            for k1 in 1..=k2 {
                let got = readout(&swept(&problem, window(k1, k2)));
                assert_agree(&got, &readout(&full), 1e-13, format!("({k1}, {k2})"));
            }
        }
    }
}

#[test]
fn a_window_that_cannot_be_is_refused_and_the_way_out_named() {
    let error = |k1, k2| Window::new(k1, k2).unwrap_err().to_string();
    let never =
        "Window { k1: 0, k2: 3 }: a window that never moves never sweeps; let k1 be 1 or more";
    assert_eq!(error(0, 3), never);
    let nothing =
        "Window { k1: 3, k2: 0 }: a sweep over no steps has no gradient; let k2 be k1 or more";
    assert_eq!(error(3, 0), nothing);
    assert_eq!(Window::gaps(0, 3).unwrap_err().to_string(), never);
    assert_eq!(Window::gaps(3, 0).unwrap_err().to_string(), nothing);
    assert_eq!(
        error(3, 2),
        "Window { k1: 3, k2: 2 }: the first k1 − k2 steps of every block would never get a \
         gradient, nor would their readout; let k2 be k1 or more, or ask for the gaps with \
         `Window::gaps`"
    );
}

/// hₜ = tanh(xₜ W + hₜ₋₁ U), with nothing done for all steps at once.
struct StepByStep {
    w: ParamId,
    u: ParamId,
}

impl Cell<f64> for StepByStep {
    type State<'t> = Var<'t, f64>;
    fn widths(&self) -> Widths {
        [4].into_iter().collect()
    }
    fn step<'t>(&self, p: Bound<'t, '_, f64>, x: Var<'t, f64>, h: Var<'t, f64>) -> Var<'t, f64> {
        (x.matmul(p.var(self.w)) + h.matmul(p.var(self.u))).tanh()
    }
}

#[test]
fn cutting_behind_a_block_gives_the_bits_of_detaching_in_front_of_it() {
    let problem = common::problem(Activation::Tanh, cross_entropy(9), 9);
    let network = Network::new(&common::parameters(), &problem);
    let cell = StepByStep { w: network.cell.w, u: network.cell.u };
    // Whether a last, shorter block goes back into the one before it decides which of the two is done.
    let run = |steps| {
        let (tape, mut store, mut sweeps) = (Tape::new(), network.store.clone(), Vec::new());
        let done = window(3, 3).run(
            &tape,
            &cell,
            &mut store,
            |p| p.var(network.h0),
            steps,
            rnn::Readout::After,
            |p, steps| network.inputs(p.tape(), steps),
            |_, block| network.loss(&network.store, block.outputs, block.steps),
            |store, gradients| {
                sweeps.push(common::named(store, gradients));
                Ok(())
            },
        );
        done.unwrap();
        sweeps
    };
    let (detached, cut) = (run(6), run(8));
    assert_eq!((detached.len(), cut.len()), (2, 3));
    assert_same_bits(&cut[0], &detached[0], "first block");
    let without = |mut sweep: Arrays| {
        sweep.remove("h0"); // a cut keeps the initial state's name, detaching lets it go
        sweep
    };
    assert_same_bits(&without(cut[1].clone()), &without(detached[1].clone()), "second block");
}

#[test]
fn a_learned_initial_state_has_a_gradient_from_the_sweeps_that_reach_it() {
    let problem = common::problem(Activation::Tanh, cross_entropy(8), 8);
    let network = Network::new(&common::parameters(), &problem);
    let zero = |g: &ArrayD<f64>| g.iter().all(|&g| g == 0.0);
    for (k1, k2) in [(2, 2), (2, 4), (1, 3), (2, 5), (3, 7)] {
        for (i, sweep) in network.sweeps(window(k1, k2)).iter().enumerate() {
            let end = 8.min((i + 1) * k1);
            let reached = sweep.get("h0").is_some_and(|g| !zero(g));
            assert_eq!(reached, end <= k2, "({k1}, {k2}), sweep {i}");
        }
    }
}

#[test]
fn an_initial_state_that_was_computed_has_a_gradient_too() {
    // One row for all of a batch: its gradient is the sum over the batch.
    let mut problem = common::problem(Activation::Tanh, cross_entropy(6), 6);
    let row = problem.h0.row(0).to_owned();
    problem.h0.row_mut(1).assign(&row);
    for (k1, k2) in [(1, 3), (2, 4), (2, 2), (3, 9)] {
        let network = Network::new(&common::parameters(), &problem);
        let tape = Tape::new();
        let (mut store, mut sum) = (network.store.clone(), ArrayD::<f64>::zeros(vec![4]));
        let shared = store.add("row", row.clone().into_dyn()).unwrap();
        let done = window(k1, k2).run(
            &tape,
            &network.cell,
            &mut store,
            |p| p.var(shared) + p.tape().zeros(&[2, 4]),
            6,
            rnn::Readout::After,
            |p, steps| network.inputs(p.tape(), steps),
            |_, block| network.loss(&network.store, block.outputs, block.steps),
            |_, gradients| {
                sum += gradients.param(shared).unwrap_or(&ArrayD::zeros(vec![4]));
                Ok(())
            },
        );
        done.unwrap();
        let paper = Problem { truncation: Cut::Fixed(paper_window(k1, k2)), ..problem.clone() };
        let want = derived(&common::parameters(), &paper)["h0"].sum_axis(ndarray::Axis(0));
        assert!((&sum - &want).iter().all(|off| off.abs() < 1e-14), "({k1}, {k2}) {sum} {want}");
    }
}
