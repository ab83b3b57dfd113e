//! A batch in shards: the gradient of the whole, and the same bits on any number of threads.

mod parted;
mod trained;

use crate::every_cell;
use every_cell::{B, Case, Data, Model, T, cases, every_cell, weighed};
use ndarray::{Array1, Array3, ArrayD, arr1};
use rnn::{
    Cell, Error, ParamStore, Result,
    bptt::{Truncation, Unrolling},
    optim::{Optimizer, Sgd},
    regularize::{Dropout, Mask},
    shards::{self, Shard, Shards},
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
            match shard.index() {
                0 => {}
                1 => loss = loss + p.var(rare).sum(),
                _ => drop(p.var(rare).square()), // bound here, but on no path
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
