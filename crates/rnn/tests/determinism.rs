//! The same seed gives the same bits, and so does stopping and going on.

use crate::common;
use common::{Arrays, assert_same_bits};
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Input, Linear, ParamStore, Reduction, Rows, State,
    bptt::{Truncation, Unrolling, Window},
    init::Uniform,
    loss,
};
use std::ops::Range;
use tape::Tape;

const CLASSES: usize = 7;
const BATCH: usize = 3;
const HIDDEN: usize = 9;

/// All that training leaves: to be stored, and to go on from.
#[derive(Debug, Clone)]
struct Saved {
    parameters: Vec<ArrayD<f64>>,
    state: Vec<ArrayD<f64>>,
}

fn named(saved: &Saved) -> Arrays {
    let all = saved.parameters.iter().chain(&saved.state).enumerate();
    all.map(|(k, array)| (k.to_string(), array.clone())).collect()
}

/// Trains on `blocks`, going on from `saved` if there is any, and returns what would be saved after
/// each of them.
fn train(
    seed: u64,
    (k1, k2): (usize, usize),
    saved: Option<&Saved>,
    blocks: Range<usize>,
) -> Vec<Saved> {
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(seed), ParamStore::<f64>::new());
    let init = Uniform::recurrent(HIDDEN);
    let cell = Elman::new(&mut store, "rnn", (CLASSES, HIDDEN), &init, &mut rng).unwrap();
    let layer = Linear::new(&mut store, "out", (HIDDEN, CLASSES), &init, &mut rng).unwrap();
    let tape = Tape::new();
    let mut start = cell.zeros(&tape, BATCH);
    if let Some(saved) = saved {
        for (id, array) in store.ids().collect::<Vec<_>>().into_iter().zip(&saved.parameters) {
            store.get_mut(id).assign(array);
        }
        let mut parts = saved.state.iter();
        start = State::build(&mut || tape.constant(parts.next().unwrap()));
    }
    let window = Truncation::Window(Window::new(k1, k2).unwrap());
    let mut run = Unrolling::new(&tape, &cell, window, start);
    let text: Vec<usize> = (0..2000).map(|k| (k * k + k / 5) % CLASSES).collect();
    let each = blocks.map(|block| {
        let at = block * k1 * BATCH;
        let p = store.bind(&tape);
        let xs = Input::one_hot(&text[at..at + k1 * BATCH], BATCH, CLASSES);
        let steps = run.advance(p, &xs);
        let targets = &text[at + BATCH..at + (k1 + 1) * BATCH];
        let scores = layer.forward(p, steps.outputs);
        let loss = loss::cross_entropy(scores, targets, Reduction::MeanOverTime, Rows::Mean);
        let gradients = run.backward(loss).unwrap();
        for (id, g) in gradients.params() {
            store.get_mut(id).zip_mut_with(g, |w, g| *w -= 0.3 * g);
        }
        let parameters = store.iter().map(|(_, _, w)| w.clone()).collect();
        Saved { parameters, state: run.state_values() }
    });
    each.collect()
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_gives_others() {
    for window in [(5, 5), (1, 4)] {
        let [once, again] = [1, 1].map(|seed| train(seed, window, None, 0..30));
        for (block, (once, again)) in once.iter().zip(&again).enumerate() {
            assert_same_bits(&named(once), &named(again), format!("block {block}"));
        }
        let other = train(2, window, None, 0..1);
        assert_ne!(other[0].parameters, once[0].parameters);
    }
}

#[test]
fn training_moves_every_parameter() {
    let run = train(1, (5, 5), None, 0..2);
    for (first, second) in run[0].parameters.iter().zip(&run[1].parameters) {
        assert_ne!(first, second);
    }
}

#[test]
fn stopping_after_any_block_and_going_on_gives_the_bits_of_never_stopping() {
    let whole = train(1, (4, 4), None, 0..20);
    for stop in 1..20 {
        // Another seed draws other weights, which the saved ones replace.
        let rest = train(9, (4, 4), Some(&whole[stop - 1]), stop..20);
        for (got, want) in rest.iter().zip(&whole[stop..]) {
            assert_same_bits(&named(got), &named(want), format!("stopped after {stop}"));
        }
    }
}

#[test]
fn a_state_that_is_left_behind_is_missed() {
    let whole = train(1, (4, 4), None, 0..8);
    let mut saved = whole[3].clone();
    saved.state[0].fill(0.0);
    let rest = train(1, (4, 4), Some(&saved), 4..8);
    assert_ne!(rest[0].parameters, whole[4].parameters);
}
