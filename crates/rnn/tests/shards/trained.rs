//! Whole trainings: with momentum and clipping, and over a text in windows.

use super::{assert_close, bits};
use ndarray::{Array3, ArrayD, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Gru, Input, Linear, Lstm, ParamStore, Reduction, Result, Rows, Stacked,
    bptt::{Truncation, Unrolling, Window},
    cells::{gru, lstm},
    clip,
    init::Uniform,
    loss::{cross_entropy, squared_error},
    optim::{Adam, Optimizer, Sgd},
    shards::{self, Shard, Shards},
    text::Stream,
};
use tape::Tape;

const INPUTS: usize = 3;
const BATCH: usize = 7;

/// Two layers, trained with clipping and Adam: the parameters after each update, and its loss.
fn train(shard: &Shard<'_, f64>, updates: usize) -> Result<Vec<(f64, Vec<ArrayD<f64>>)>> {
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(3), ParamStore::<f64>::new());
    let init = Uniform::recurrent(5);
    let lstm = Lstm::new(&mut store, "a", (INPUTS, 5), lstm::Form::default(), &init, &mut rng)?;
    let gru = Gru::new(&mut store, "b", (5, 4), gru::Form::default(), &init, &mut rng)?;
    let head = Linear::new(&mut store, "head", (4, 2), &init, &mut rng)?;
    let (cell, mut adam) = (Stacked::new(lstm, gru), Adam::new(0.05));
    let rows = shard.rows(BATCH)?;
    let wave = |k: usize| move |(t, b, i)| f64::sin((1 + k + 3 * t + 7 * b + 2 * i) as f64);
    let tape = Tape::new();
    let mut each = Vec::new();
    for k in 0..updates {
        let xs = Array3::from_shape_fn((6, BATCH, INPUTS), wave(k));
        let ys = Array3::from_shape_fn((6, BATCH, 2), wave(100 + k));
        let part = |all: &Array3<f64>| tape.constant(all.slice(s![.., rows.clone(), ..]));
        let start = cell.zeros(&tape, rows.len());
        let mut run = Unrolling::new(&tape, &cell, Truncation::Full, start);
        let p = store.bind(&tape);
        let block = run.advance(p, Input::Dense(part(&xs)));
        let outputs = head.forward(p, block.outputs);
        let loss = squared_error(outputs, part(&ys), true, Reduction::Sum, Rows::Mean);
        let loss = loss * shard.share(BATCH);
        let value = shard.sum_number(loss.item())?;
        let mut gradients = run.backward(loss)?;
        shard.sum(&mut gradients)?;
        let clipped = clip::global_norm(&mut gradients, 0.5)?;
        assert!(clipped.clipped || k > 0);
        adam.step(&mut store, &gradients)?;
        each.push((value, store.iter().map(|(_, _, array)| array.clone()).collect()));
    }
    Ok(each)
}

#[test]
fn training_gives_the_same_bits_in_every_shard_and_on_any_number_of_threads() {
    let on =
        |threads| shards::run(Shards::new(4).threads(threads), |shard| train(&shard, 8)).unwrap();
    let first = on(1);
    for threads in 1..=4 {
        for (shard, end) in on(threads).iter().enumerate() {
            for (k, ((loss, found), (known, expected))) in end.iter().zip(&first[0]).enumerate() {
                assert_eq!(loss.to_bits(), known.to_bits());
                assert_eq!(bits(found), bits(expected), "{threads}, shard {shard}, update {k}");
            }
        }
    }
    assert_ne!(first[0][0].1, first[0][7].1);
}

#[test]
fn uneven_shards_weighed_by_their_shares_train_like_the_whole_batch() {
    let whole = shards::run(Shards::new(1), |shard| train(&shard, 4)).unwrap();
    for count in 2..=BATCH {
        let ends = shards::run(Shards::new(count).threads(2), |shard| train(&shard, 4)).unwrap();
        for ((loss, found), (known, expected)) in ends[count - 1].iter().zip(&whole[0]) {
            assert!((loss - known).abs() <= 1e-11 * known, "{loss} {known}");
            // Adam divides by the root of small moments.
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).iter().all(|d| d.abs() < 1e-9), "{count}: {a} {b}");
            }
        }
    }
}

/// TBPTT over a text whose streams are dealt to the shards: the parameters at the end.
fn read(shard: &Shard<'_, f64>, (k1, k2): (usize, usize)) -> Result<Vec<ArrayD<f64>>> {
    const CLASSES: usize = 6;
    let text: Vec<usize> = (0..211).map(|k| (k * k + k / 4) % CLASSES).collect();
    let stream = Stream::<f64>::new(&text, 5)?.rows(shard.rows(5)?)?;
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(3), ParamStore::<f64>::new());
    let (init, form) = (Uniform::recurrent(5), gru::Form::default());
    let cell = Gru::new(&mut store, "rnn", (CLASSES, 5), form, &init, &mut rng)?;
    let head = Linear::new(&mut store, "head", (5, CLASSES), &init, &mut rng)?;
    let (tape, mut sgd) = (Tape::new(), Sgd::new(0.1).allow_stale(true));
    let window = Truncation::Window(Window::new(k1, k2)?);
    let mut run = Unrolling::new(&tape, &cell, window, cell.zeros(&tape, stream.batch()));
    for window in stream.windows(k1)? {
        let p = store.bind(&tape);
        let block = run.advance(p, Input::one_hot(window.inputs, window.batch, CLASSES));
        let scores = head.forward(p, block.outputs);
        // The mean over what counts in all shards: the last window has a row that is shorter.
        let mask = Reduction::Masked(window.mask);
        let pairs = shard.sum_number(window.pairs() as f64)?;
        let loss = cross_entropy(scores, window.targets, mask, Rows::Sum)
            * (window.pairs() as f64 / pairs);
        let mut gradients = run.backward(loss)?;
        shard.sum(&mut gradients)?;
        sgd.step(&mut store, &gradients)?;
    }
    Ok(store.iter().map(|(_, _, array)| array.clone()).collect())
}

#[test]
fn a_text_is_read_in_windows_by_shards_as_by_one() {
    for window in [(5, 5), (4, 9)] {
        let whole = shards::run(Shards::new(1), |shard| read(&shard, window)).unwrap();
        let by = |threads| {
            shards::run(Shards::new(3).threads(threads), |shard| read(&shard, window)).unwrap()
        };
        let ends = by(1);
        assert_close(&ends[0], &whole[0], "the whole");
        for end in [by(2), by(3)].iter().flatten().chain(&ends) {
            assert_eq!(bits(end), bits(&ends[0]));
        }
    }
}
