//! A batch in shards: the gradient of the whole, and the same bits on any number of threads.

use crate::every_cell;
use every_cell::{B, Case, Data, Model, T, cases, every_cell, weighed};
use ndarray::{Array1, Array3, ArrayD, arr1, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Error, Gru, Input, Linear, Lstm, ParamStore, Reduction, Result, Rows, Stacked,
    bptt::{Truncation, Unrolling, Window},
    cells::{gru, lstm},
    clip,
    init::Uniform,
    loss::{cross_entropy, squared_error},
    optim::{Adam, Optimizer, Sgd},
    regularize::{Dropout, Mask},
    shards::{self, Shard, Shards},
    text::Stream,
};
use tape::Tape;

fn bits(arrays: &[ArrayD<f64>]) -> Vec<Vec<u64>> {
    arrays.iter().map(|array| array.iter().map(|x| x.to_bits()).collect()).collect()
}

#[track_caller]
fn assert_close(found: &[ArrayD<f64>], expected: &[ArrayD<f64>], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        let scale = b.iter().fold(1e-3, |max: f64, x| max.max(x.abs()));
        let error = (a - b).iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        assert!(error <= 1e-12 * scale, "{what}: {error:e} of {scale:e}");
    }
}

/// The sums that a shard sees, over all sweeps.
fn swept<C: Cell<f64>>(
    shard: &Shard<'_, f64>,
    model: &Model<C>,
    case: Case,
) -> Result<Vec<ArrayD<f64>>> {
    let rows: Vec<usize> = shard.rows(B)?.collect();
    let (tape, data) = (Tape::new(), Data::new(case).select(&rows));
    let start = data.start(&tape, &model.cell);
    let mut run = Unrolling::new(&tape, &model.cell, case.truncation, start);
    let block = if case.truncation == Truncation::Full { T } else { 2 };
    let mut total = model.of_each(|_| None);
    for first in (0..T).step_by(block) {
        let p = model.store.bind(&tape);
        let block = run.advance(p, data.sequence(&tape, first..first + block));
        let loss = weighed(block.outputs, block.steps.start, &rows);
        let mut gradients = run.backward(loss)?;
        shard.sum(&mut gradients)?;
        let found = model.of_each(|id| gradients.param(id).cloned());
        total.iter_mut().zip(&found).for_each(|(sum, g)| *sum += g);
    }
    Ok(total)
}

#[test]
fn the_sum_over_shards_is_the_gradient_of_the_whole_batch() {
    fn law<C: Cell<f64> + Sync>(model: &Model<C>) {
        for case in cases() {
            let whole = every_cell::run(model, &Data::new(case), case.truncation).gradients;
            for count in 1..=B {
                let ends = shards::run(Shards::new(count), |shard| swept(&shard, model, case));
                for sums in ends.unwrap() {
                    assert_close(&sums, &whole, model.name);
                }
            }
        }
    }
    every_cell!(law);
}

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

#[test]
fn every_row_is_in_one_shard_and_no_shard_has_two_more_than_another() {
    for count in 1..6 {
        for batch in count..20 {
            let of =
                |shard: Shard<'_, f64>| Ok::<_, Error>((shard.rows(batch)?, shard.share(batch)));
            let ends = shards::run(Shards::new(count), of).unwrap();
            let all: Vec<usize> = ends.iter().flat_map(|(rows, _)| rows.clone()).collect();
            assert_eq!(all, (0..batch).collect::<Vec<_>>());
            let lens = || ends.iter().map(|(rows, _)| rows.len());
            assert!(lens().max().unwrap() - lens().min().unwrap() <= 1);
            for (rows, share) in &ends {
                assert_eq!(*share, rows.len() as f64 / batch as f64);
            }
        }
    }
}

#[test]
fn terms_are_added_in_the_order_of_the_shards() {
    // In any other order but one, the sum of the four is another.
    const TERMS: [f64; 4] = [1e16, 1.0, -1e16, 3.0];
    let expected = ((1e16 + 1.0) - 1e16) + 3.0;
    for threads in 1..=4 {
        let ends = shards::run(Shards::new(4).threads(threads), |shard| {
            let term = TERMS[shard.index()];
            let short = Array1::from_elem(3, term).into_dyn();
            let long = ArrayD::from_elem(vec![300, 500], term); // more than stays in a cache
            let turned = ArrayD::from_shape_fn(vec![2, 3], |at| term + at[1] as f64);
            let mut arrays = [short, long, turned.reversed_axes()];
            shard.sum_arrays(&mut arrays)?;
            Ok::<_, Error>((shard.sum_number(term)?, arrays))
        });
        for (number, [short, long, turned]) in ends.unwrap() {
            assert_eq!(number, expected);
            assert!(short.iter().chain(&long).all(|&x| x == expected));
            let sums = [0.0, 1.0, 2.0].map(|i| TERMS.iter().fold(0.0, |sum, x| sum + (x + i)));
            assert_eq!(turned.shape(), [3, 2]);
            assert!(turned.indexed_iter().all(|(at, &x)| x == sums[at[0]]), "{turned}");
        }
    }
}

#[test]
fn a_parameter_that_one_shard_alone_has_used_is_updated_in_all() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", arr1(&[1.0, 2.0]).into_dyn()).unwrap();
    let rare = store.add("rare", arr1(&[3.0, 4.0]).into_dyn()).unwrap();
    let idle = store.add("idle", arr1(&[5.0]).into_dyn()).unwrap();
    let ends = shards::run(Shards::new(3), |shard| {
        let (mut store, mut tape, mut sgd) = (store.clone(), Tape::new(), Sgd::new(0.5));
        for _ in 0..2 {
            let p = store.bind(&tape);
            let mut loss = p.var(w).square().sum();
            p.var(idle); // bound, and on no path
            if shard.index() == 1 {
                loss = loss + p.var(rare).sum();
            }
            let mut gradients = tape.backward(loss);
            shard.sum(&mut gradients)?;
            assert!(!gradients.is_unused(rare) && gradients.is_unused(idle));
            assert_eq!(gradients[rare], arr1(&[1.0, 1.0]).into_dyn());
            assert_eq!(gradients[w], store.get(w) * 6.0);
            tape.clear();
            sgd.step(&mut store, &gradients)?;
        }
        Ok::<_, Error>(store)
    });
    for store in ends.unwrap() {
        assert_eq!(*store.get(rare), arr1(&[2.0, 3.0]).into_dyn());
        assert_eq!(*store.get(w), arr1(&[4.0, 8.0]).into_dyn());
        assert_eq!(store.version(idle), 0);
    }
}

/// Each shard sums numbers until it is its turn to go.
fn part(
    count: usize,
    threads: usize,
    go: impl Fn(&Shard<'_, f64>) -> Result<()> + Sync,
) -> (Result<Vec<()>>, Vec<String>) {
    let told = std::sync::Mutex::new(Vec::new());
    let end = shards::run(Shards::new(count).threads(threads), |shard: Shard<'_, f64>| {
        for _ in 0..3 {
            shard.sum_number(1.0)?;
        }
        if shard.index() == 1 {
            return go(&shard);
        }
        let error = shard.sum_number(1.0).unwrap_err();
        told.lock().unwrap().push(error.to_string());
        assert!(shard.sum_arrays(&mut []).is_err(), "parted for good");
        Err(error)
    });
    (end, told.into_inner().unwrap())
}

#[test]
fn an_error_in_one_shard_releases_the_others_and_is_what_the_run_returns() {
    for threads in 1..=3 {
        let (end, told) = part(3, threads, |_| Err(Error::ZeroBatch));
        assert!(matches!(end, Err(Error::ZeroBatch)), "{end:?}");
        assert_eq!(told.len(), 2);
        for told in told {
            assert!(told.contains("at sum 4, of numbers, but shard 1 has returned"), "{told}");
        }
    }
}

#[test]
fn a_panic_in_one_shard_releases_the_others_and_goes_on_in_the_caller() {
    for threads in 1..=3 {
        let caught = std::panic::catch_unwind(|| part(3, threads, |_| panic!("one in three")));
        let said = *caught.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!(said, "one in three");
    }
}

#[test]
fn a_shard_that_ends_before_the_others_is_missed() {
    for threads in 1..=3 {
        let (end, told) = part(3, threads, |_| Ok(()));
        assert!(matches!(end, Err(Error::Parted { shard: 1, number: 4, .. })), "{end:?}");
        assert!(told.iter().all(|told| told.contains("end of its program")), "{told:?}");
    }
}

#[test]
fn shards_that_do_not_sum_the_same_are_told_apart() {
    let (end, told) = part(3, 3, |shard| shard.sum_arrays(&mut []));
    assert!(matches!(end, Err(Error::Parted { .. })), "{end:?}");
    assert!(told.iter().all(|told| told.contains("shard 1 is at sum 4, of arrays")), "{told:?}");

    let unlike = |arrays: fn(usize) -> Vec<ArrayD<f64>>| {
        let end = shards::run(Shards::new(2), |shard| shard.sum_arrays(&mut arrays(shard.index())));
        end.unwrap_err().to_string()
    };
    let error = unlike(|shard| vec![ArrayD::zeros(vec![2, 3 + shard])]);
    assert!(error.contains("shard 1 brings [2, 4] as array 0, shard 0 [2, 3]"), "{error}");
    let error = unlike(|shard| vec![ArrayD::zeros(vec![2]); 2 - shard]);
    assert!(error.contains("shard 1 brings 1 arrays, shard 0 2"), "{error}");
}

#[test]
fn what_cannot_be_shared_out_is_refused() {
    let rows = |shard: Shard<'_, f64>| shard.rows(3);
    let error = shards::run(Shards::new(4), rows).unwrap_err().to_string();
    assert!(error.contains("a batch of 3 row(s) cut into 4 shards"), "{error}");
    for none in [Shards::new(0), Shards::new(2).threads(0)] {
        let error = shards::run(none, rows).unwrap_err().to_string();
        assert!(error.contains("0 thread(s)"), "{error}");
    }
}

#[test]
fn thousands_of_sums_are_made_without_one_missing_another() {
    for (count, threads) in [(2, 1), (2, 2), (4, 2), (5, 3), (4, 4)] {
        let ends = shards::run(Shards::new(count).threads(threads), |shard| {
            let mut arrays = [Array1::<f64>::zeros(2).into_dyn(), Array1::zeros(1).into_dyn()];
            for k in 0..2_000_u32 {
                let own = f64::from(k) + shard.index() as f64;
                arrays.iter_mut().for_each(|array| array.fill(own));
                let number = shard.sum_number(own)?;
                shard.sum_arrays(&mut arrays)?;
                assert!(arrays.iter().flatten().all(|&x| x == number), "{k}: {number} {arrays:?}");
                let all = (0..count).map(|shard| f64::from(k) + shard as f64);
                assert_eq!(number, all.sum::<f64>());
            }
            Ok::<_, Error>(())
        });
        ends.unwrap();
    }
}

#[test]
fn rows_of_several_shards_are_masked_alike_unless_each_has_its_seed() {
    let masks = |own: bool| {
        let ends = shards::run(Shards::new(3), |shard: Shard<'_, f64>| {
            let (tape, store) = (Tape::<f64>::new(), ParamStore::new());
            let seed = if own { shard.seed(9) } else { 9 };
            let x = tape.constant(Array3::from_elem((2, 4, 8), 1.0));
            let dropout = Dropout { rate: 0.5, key: 1, mask: Mask::EachStep };
            Ok::<_, Error>(dropout.apply(store.bind(&tape).training(seed), x).value())
        });
        ends.unwrap()
    };
    let (same, own) = (masks(false), masks(true));
    assert!(same[0] == same[1] && same[1] == same[2]);
    assert!(own[0] != own[1] && own[1] != own[2] && own[0] != own[2]);
    assert_eq!(own[0], same[0]);
}
