//! TBPTT(k1, k2) in each of its meanings, and what updates between windows leave of older steps.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use common::{
    Arrays, Network, assert_agree, assert_same_bits, cross_entropy, derived,
    on_tape::{load, swept},
    questions::asked_of,
    twin::{self, Twin, owned},
    wave,
};
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Slice};
use rand::SeedableRng;
use rnn::{
    Cell, ParamStore,
    bptt::{Losses, Truncation, Unrolling, Updates, Window},
    by_hand::{
        self,
        activation::Activation,
        elman,
        loss::Loss,
        recurrence::Problem,
        truncation::{Truncation as Cut, Window as PaperWindow},
    },
    cells,
    init::Uniform,
};
use tape::Tape;

const MEANINGS: [Losses; 3] = [Losses::Window, Losses::Last, Losses::Each];

fn window(k1: usize, k2: usize, losses: Losses) -> Truncation {
    Truncation::Window(Window::new(k1, k2).unwrap().losses(losses))
}

/// What the meaning is on paper: a window, and the losses that count.
fn meant((k1, k2): (usize, usize), losses: Losses, steps: usize) -> (Cut, Option<Array2<f64>>) {
    let ends = |t: usize| (t + 1).is_multiple_of(k1) || t + 1 == steps;
    let last = Array2::from_shape_fn((steps, 2), |(t, _)| if ends(t) { 1.0 } else { 0.0 });
    match losses {
        Losses::Window => (Cut::Fixed(PaperWindow::new(k1, k2)), None),
        Losses::Last => (Cut::Fixed(PaperWindow::new(k1, k2)), Some(last)),
        Losses::Each => (Cut::Fixed(PaperWindow::new(1, k2)), None),
    }
}

fn every_window(longest: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (1..=longest)
        .flat_map(|steps| (1..=steps).flat_map(move |k2| (1..=k2).map(move |k1| (steps, k1, k2))))
}

#[test]
fn every_window_of_an_elman_network_is_the_truncated_sum_that_is_meant() {
    let mut tried = 0;
    for (steps, k1, k2) in every_window(12) {
        let problem = common::problem(Activation::Tanh, cross_entropy(steps), steps);
        let network = Network::new(&common::parameters(), &problem);
        for losses in MEANINGS {
            let (truncation, mask) = meant((k1, k2), losses, steps);
            let paper = elman::Problem { truncation, mask, ..problem.clone() };
            let (mut got, mut want) = (
                network.gradients(window(k1, k2, losses)),
                derived(&common::parameters(), &paper),
            );
            (got.remove("loss"), want.remove("loss"));
            assert_agree(&got, &want, 1e-12, format!("{steps}: ({k1}, {k2}), {losses:?}"));
            tried += 1;
        }
    }
    assert_eq!(tried, 364 * 3);
}

fn every_window_of<C: Cell<f64>, P: Twin<N>, const N: usize>(
    cell: &C,
    store: &ParamStore<f64>,
    paper: &P,
) {
    for (steps, k1, k2) in every_window(12) {
        let problem: Problem<f64, N> = asked_of([4; N], steps, true);
        for losses in MEANINGS {
            let mut asked = problem.clone();
            (asked.truncation, asked.mask) = meant((k1, k2), losses, steps);
            let mut got = swept(cell, store, P::START, &problem, window(k1, k2, losses));
            let mut want = twin::derived(paper, &asked);
            for arrays in [&mut got, &mut want] {
                // The inputs of a block are one array, which a cut may run through.
                arrays.retain(|name, _| name != "inputs" && name != "loss" && !name.starts_with("p_"));
            }
            assert_agree(&got, &want, 1e-12, format!("{steps}: ({k1}, {k2}), {losses:?}"));
        }
    }
}

#[test]
fn every_window_of_a_gru_is_the_truncated_sum_that_is_meant() {
    let matrix = |m, n, k| Array2::from_shape_fn((m, n), |(i, j)| 0.9 * wave(i, j, k));
    let row = |n, k| Array1::from_shape_fn(n, |i| 0.8 * wave(i, 0, k));
    let (w, u, b, b_n) = (matrix(3, 12, 1), matrix(4, 12, 2), row(12, 3), row(4, 4));
    let paper = by_hand::gru::Gru {
        parameters: by_hand::gru::Parameters { w, u, b, b_n },
        reset: by_hand::gru::Reset::After,
        update: by_hand::gru::Update::Keep,
    };
    let (mut store, init) = (ParamStore::new(), Uniform::recurrent(4));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let form = cells::gru::Form::default();
    let cell = cells::gru::Gru::new(&mut store, "rnn", (3, 4), form, &init, &mut rng).unwrap();
    load(&mut store, &owned(paper.parameters.named()));
    every_window_of(&cell, &store, &paper);
}

#[test]
fn every_window_of_an_lstm_is_the_truncated_sum_that_is_meant() {
    let matrix = |m, n, k| Array2::from_shape_fn((m, n), |(i, j)| 0.9 * wave(i, j, k));
    let row = |n, k| Array1::from_shape_fn(n, |i| 0.8 * wave(i, 0, k));
    let paper = by_hand::lstm::Lstm::new(matrix(3, 16, 1), matrix(4, 16, 2), row(16, 3));
    let mut values = owned(paper.parameters.named());
    values.retain(|name, _| !name.starts_with('p'));
    let (mut store, init) = (ParamStore::new(), Uniform::recurrent(4));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let form = cells::lstm::Form::default();
    let cell = cells::lstm::Lstm::new(&mut store, "rnn", (3, 4), form, &init, &mut rng).unwrap();
    load(&mut store, &values);
    every_window_of(&cell, &store, &paper);
}

/// The gradients of each update and its loss, over parameters that move by `rate` times the gradient; and how many there
/// were.
fn updates(network: &Network, truncation: Truncation, rate: f64) -> (Vec<Arrays>, f64) {
    let (tape, mut store, mut each) = (Tape::new(), network.store.clone(), Vec::new());
    let (total, _) = truncation
        .run(
            &tape,
            &network.cell,
            &mut store,
            |p| p.var(network.h0),
            network.problem.steps(),
            network.readout(),
            |p, steps| network.inputs(p.tape(), steps),
            |p, block| network.loss(p.store(), block.outputs, block.steps),
            |store, gradients| {
                each.push(common::named(store, gradients));
                for (id, g) in gradients.params() {
                    store.get_mut(id).zip_mut_with(g, |w, g| *w -= rate * g);
                }
                Ok(())
            },
        )
        .unwrap();
    (each, total)
}

fn sum(each: &[Arrays]) -> Arrays {
    let mut sums = Arrays::new();
    for (name, array) in each.iter().flatten() {
        sums.entry(name.clone()).and_modify(|sum| *sum += array).or_insert(array.clone());
    }
    sums
}

#[test]
fn updates_that_change_nothing_have_one_meaning() {
    for (steps, k1, k2) in every_window(7) {
        for readout in [elman::Readout::After, elman::Readout::Before] {
            let problem = common::problem(Activation::Tanh, cross_entropy(steps), steps);
            let problem = elman::Problem { readout, ..problem };
            let network = Network::new(&common::parameters(), &problem);
            for losses in MEANINGS {
                let with = |updates: Updates| {
                    let window = Window::new(k1, k2).unwrap().losses(losses).updates(updates);
                    crate::updates(&network, Truncation::Window(window), 0.0)
                };
                let what = format!("{steps}: ({k1}, {k2}), {losses:?}, {readout:?}");
                let (stored, total) = with(Updates::Stored);
                for semantics in [Updates::Recompute, Updates::Accumulate] {
                    let (other, loss) = with(semantics);
                    let expected = if semantics == Updates::Accumulate { 1 } else { stored.len() };
                    assert_eq!(other.len(), expected, "{what}, {semantics:?}");
                    assert_agree(&sum(&other), &sum(&stored), 1e-12, &what);
                    approx::assert_relative_eq!(loss, total, max_relative = 1e-13);
                }
            }
        }
    }
}

#[test]
fn one_update_for_a_sequence_within_reach_is_full_bptt() {
    let problem = common::problem(Activation::Tanh, cross_entropy(9), 9);
    let network = Network::new(&common::parameters(), &problem);
    let (full, _) = updates(&network, Truncation::Full, 0.3);
    for k1 in 1..=9 {
        let window = Window::new(k1, 9).unwrap().updates(Updates::Accumulate);
        let (got, _) = updates(&network, Truncation::Window(window), 0.3);
        assert_eq!(got.len(), 1);
        assert_agree(&got[0], &full[0], 1e-12, k1);
    }
}

/// The same descent on paper: each window a sequence of its own, from a state that the parameters of the moment have stepped
/// on.
fn recomputed(problem: &elman::Problem<f64>, (k1, k2): (usize, usize), rate: f64) -> Vec<Arrays> {
    let mut parameters = common::parameters();
    let (mut state, mut first, mut each) = (problem.h0.clone(), 0, Vec::new());
    let Loss::SquaredError { half, targets } = &problem.loss else { panic!() };
    let part = |a: &Array3<f64>, range: std::ops::Range<usize>| {
        a.slice_axis(Axis(0), Slice::from(range)).to_owned()
    };
    let steps = problem.steps();
    let mut end = 0;
    while end < steps {
        let made = end;
        end = steps.min(end + k1);
        let sequence = |range: std::ops::Range<usize>, h0: &Array2<f64>| {
            let loss =
                Loss::SquaredError { half: *half, targets: part(targets, range.clone()) };
            elman::Problem::new(Activation::Tanh, part(&problem.inputs, range), h0.clone(), loss)
        };
        let from = end.saturating_sub(k2);
        if from > first {
            state = elman::forward(&parameters, &sequence(first..from, &state)).states.remove(from - first);
            first = from;
        }
        let counts = |(t, _): (usize, usize)| if first + t < made { 0.0 } else { 1.0 };
        let window = elman::Problem {
            mask: Some(Array2::from_shape_fn((end - first, 2), counts)),
            ..sequence(first..end, &state)
        };
        let mut gradient = derived(&parameters, &window);
        if first == 0 {
            // The first state is a parameter, and moves as well.
            state.scaled_add(-rate, &gradient["h0"].view().into_dimensionality::<ndarray::Ix2>().unwrap());
        } else {
            gradient.remove("h0");
        }
        gradient.remove("loss");
        let step = |w: &mut ArrayD<f64>, name: &str| w.scaled_add(-rate, &gradient[name]);
        macro_rules! descend {
            ($($name:ident),*) => {$(
                let mut array = parameters.$name.clone().into_dyn();
                step(&mut array, stringify!($name));
                parameters.$name = array.into_dimensionality().unwrap();
            )*};
        }
        descend!(w, u, b, v, c);
        each.push(gradient);
    }
    each
}

#[test]
fn a_window_made_anew_is_a_gradient_at_the_parameters_of_the_moment() {
    let rate = 0.1;
    for (k1, k2) in [(1, 1), (1, 3), (2, 2), (2, 3), (2, 5), (3, 4), (3, 8), (8, 8), (1, 8)] {
        let problem = common::problem(Activation::Tanh, common::squared_error(true, 8), 8);
        let network = Network::new(&common::parameters(), &problem);
        let window = Window::new(k1, k2).unwrap();
        let new = Truncation::Window(window.updates(Updates::Recompute));
        let (got, _) = updates(&network, new, rate);
        let want = recomputed(&problem, (k1, k2), rate);
        assert_eq!(got.len(), want.len());
        for (i, (mut got, want)) in got.into_iter().zip(want).enumerate() {
            if !want.contains_key("h0") {
                assert!(got.remove("h0").is_none_or(|g| g.iter().all(|&g| g == 0.0)));
            }
            assert_agree(&got, &want, 1e-11, format!("({k1}, {k2}), update {i}"));
        }
        if k1 < k2.min(8) {
            let (stored, _) = updates(&network, Truncation::Window(window), rate);
            let apart = (&stored[1]["u"] - &recomputed(&problem, (k1, k2), rate)[1]["u"]).mapv(f64::abs);
            assert!(apart.iter().any(|&off| off > 1e-4), "({k1}, {k2}) {apart}");
        }
    }
}

#[test]
fn a_block_that_needs_more_sweeps_or_older_inputs_is_refused() {
    let problem = common::problem(Activation::Tanh, cross_entropy(2), 2);
    let network = Network::new(&common::parameters(), &problem);
    let refused = |window: Window| {
        let tape = Tape::new();
        let p = network.store.bind(&tape);
        let start = p.var(network.h0);
        let mut run =
            Unrolling::new(&tape, &network.cell, Truncation::Window(window), start);
        let refused = run.try_advance(p, network.inputs(&tape, 0..2)).unwrap_err().to_string();
        refused
    };
    let window = Window::new(2, 4).unwrap();
    assert_eq!(
        refused(window.losses(Losses::Each)),
        "a block of 2 steps, each of whose losses is swept from alone: a sweep follows each step; advance by one step at a \
         time and accumulate, or use `Truncation::run`"
    );
    assert_eq!(
        refused(window.updates(Updates::Recompute)),
        "a block whose older steps are to be made anew: their inputs must be asked for again; use `Truncation::run`"
    );
}

#[test]
fn with_a_stride_of_one_the_meanings_are_one() {
    let problem = common::problem(Activation::Tanh, cross_entropy(7), 7);
    let network = Network::new(&common::parameters(), &problem);
    for k2 in 1..=7 {
        let [whole, last, each] = MEANINGS.map(|losses| network.gradients(window(1, k2, losses)));
        assert_same_bits(&last, &whole, k2);
        assert_same_bits(&each, &whole, k2);
    }
}
