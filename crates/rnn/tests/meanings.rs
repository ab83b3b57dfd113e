//! TBPTT(k1, k2) in each of its meanings.

use crate::common;
use common::{
    Network, assert_agree, assert_same_bits, cross_entropy, derived,
    on_tape::{load, swept},
    questions::asked_of,
    twin::{self, Twin, owned},
    wave,
};
use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rnn::{
    Cell, ParamStore,
    bptt::{Losses, Truncation, Unrolling, Updates, Window},
    by_hand::{
        self,
        activation::Activation,
        elman,
        recurrence::Problem,
        truncation::{Truncation as Cut, Window as PaperWindow},
    },
    cells,
    init::Uniform,
};
use tape::Tape;

pub(crate) const MEANINGS: [Losses; 3] = [Losses::Window, Losses::Last, Losses::Each];

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

pub(crate) fn every_window(longest: usize) -> impl Iterator<Item = (usize, usize, usize)> {
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
            let (mut got, mut want) =
                (network.gradients(window(k1, k2, losses)), derived(&common::parameters(), &paper));
            got.remove("loss");
            want.remove("loss");
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
                arrays.retain(|name, _| {
                    name != "inputs" && name != "loss" && !name.starts_with("p_")
                });
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

#[test]
fn a_block_that_needs_more_sweeps_or_older_inputs_is_refused() {
    let problem = common::problem(Activation::Tanh, cross_entropy(2), 2);
    let network = Network::new(&common::parameters(), &problem);
    let refused = |window: Window| {
        let tape = Tape::new();
        let p = network.store.bind(&tape);
        let start = p.var(network.h0);
        let mut run = Unrolling::new(&tape, &network.cell, Truncation::Window(window), start);
        run.try_advance(p, network.inputs(&tape, 0..2)).unwrap_err().to_string()
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
