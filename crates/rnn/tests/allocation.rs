//! A training step that has been made before allocates nothing.

#![allow(unsafe_code)] // an allocator that counts is a `GlobalAlloc`, whose methods are unsafe
#![allow(clippy::unwrap_used)] // a test may

mod zoo;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Input, Linear, Lstm, ParamStore, Readout, Reduction, Rows, Sequence, Stacked,
    Stepper,
    bptt::{Randomized, Truncation, Unrolling, Window},
    clip,
    init::Uniform,
    loss,
    online::{Influence, Online, Rtrl, Uoro},
    optim::{Adam, Optimizer},
    regularize::{DropConnect, Dropout, Dropped, Mask, Zoneout},
    shards::{self, Shards},
    text::Stream,
};
use std::alloc::{GlobalAlloc, Layout, System};
use tape::{Gradients, Tape};

/// Counts what this thread allocates, so that the harness and other tests do not count.
struct Counting;

thread_local! {
    static ALLOCATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is handed on to the system's allocator as it is; counting touches a number only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `alloc` or `realloc`, hence from the system.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CLASSES: usize = 11;
const BATCH: usize = 3;
const HIDDEN: usize = 8;

struct Model {
    store: ParamStore<f32>,
    cell: Elman<f32>,
    layer: Linear,
    /// Characters, time-major, long enough for all blocks.
    text: Vec<usize>,
}

fn model() -> Model {
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(1), ParamStore::new());
    let init = Uniform::recurrent(HIDDEN);
    let cell = Elman::new(&mut store, "rnn", (CLASSES, HIDDEN), &init, &mut rng).unwrap();
    let layer = Linear::new(&mut store, "out", (HIDDEN, CLASSES), &init, &mut rng).unwrap();
    let text = (0..4000 * BATCH).map(|k| (k * k + k / 7) % CLASSES).collect();
    Model { store, cell, layer, text }
}

/// ‖g‖ ≤ 1 for all gradients together, in place.
fn shorten(gradients: &mut Gradients<f32>) {
    let square: f32 = gradients.params().flat_map(|(_, g)| g.iter()).map(|g| g * g).sum();
    let factor = 1.0 / square.sqrt().max(1.0);
    gradients.for_each_param_mut(|_, g| g.map_inplace(|g| *g *= factor));
}

/// Allocations of each of `blocks` steps of training, by TBPTT(k1, k2). Parameters are updated after each block if
/// `update`, else gradients are added up.
fn allocations((k1, k2): (usize, usize), update: bool, blocks: usize) -> Vec<usize> {
    let Model { mut store, cell, layer, text } = model();
    let tape = Tape::new();
    let window = Truncation::Window(Window::new(k1, k2).unwrap());
    let mut run = Unrolling::new(&tape, &cell, window, cell.zeros(&tape, BATCH));
    let mut sum: Option<Gradients<f32>> = None;
    let mut each = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let before = ALLOCATIONS.with(|n| n.get());
        let first = block * k1 * BATCH;
        let (input, target) =
            (&text[first..first + k1 * BATCH], &text[first + BATCH..first + (k1 + 1) * BATCH]);
        let p = store.bind(&tape);
        let steps = run.advance(p, Input::one_hot(input, BATCH, CLASSES));
        let scores = layer.forward(p, steps.outputs);
        let loss = loss::cross_entropy(scores, target, Reduction::MeanOverTime, Rows::Mean);
        assert!(loss.item().is_finite());
        let mut gradients = run.backward(loss).unwrap();
        shorten(&mut gradients);
        if update {
            for (id, g) in gradients.params() {
                store.get_mut(id).zip_mut_with(g, |w, g| *w -= 0.1 * g);
            }
        } else if let Some(sum) = &mut sum {
            sum.accumulate(&gradients);
        } else {
            sum = Some(gradients);
        }
        each.push(ALLOCATIONS.with(|n| n.get()) - before);
    }
    each
}

#[track_caller]
fn assert_none_after_warm_up(each: &[usize], warm_up: usize) {
    assert!(each[0] > 0, "the counter does not count");
    let (_, steady) = each.split_at(warm_up);
    let first = steady.iter().position(|&n| n > 0).map(|at| at + warm_up);
    assert_eq!(steady.iter().sum::<usize>(), 0, "first at block {first:?}: {each:?}");
}

#[test]
fn a_block_that_is_swept_as_a_whole_trains_without_allocating() {
    for k in [1, 5, 20] {
        assert_none_after_warm_up(&allocations((k, k), true, 100), 5);
    }
}

#[test]
fn a_window_that_reaches_further_back_is_swept_without_allocating() {
    for (k1, k2) in [(1, 2), (2, 5), (5, 20), (1, 30)] {
        assert_none_after_warm_up(&allocations((k1, k2), false, 200), 100);
    }
    assert_none_after_warm_up(&allocations((1, 64), false, 500), 300);
}

#[test]
fn segments_of_random_length_are_swept_without_allocating() {
    let Model { mut store, cell, layer, text } = model();
    let (tape, steps) = (Tape::new(), 3_000);
    let rule = Randomized::by_age(5.0, 4.0).and_then(|rule| rule.capped(16)).unwrap();
    let mut each = Vec::with_capacity(steps);
    let mut before = 0;
    let run = rule.run(
        &tape,
        &cell,
        &mut store,
        |p| cell.zeros(p.tape(), BATCH),
        steps,
        Readout::After,
        &mut ChaCha8Rng::seed_from_u64(2),
        |_, steps| {
            let (first, end) = (steps.start * BATCH, steps.end * BATCH);
            Input::one_hot(&text[first..end], BATCH, CLASSES)
        },
        |p, block| {
            let (first, end) = ((block.steps.start + 1) * BATCH, (block.steps.end + 1) * BATCH);
            let scores = layer.forward(p, block.outputs);
            loss::cross_entropy(scores, &text[first..end], Reduction::Sum, Rows::Mean)
        },
        |store, gradients| {
            for (id, g) in gradients.params() {
                store.get_mut(id).zip_mut_with(g, |w, g| *w -= 1e-3 * g);
            }
            let now = ALLOCATIONS.with(|n| n.get());
            each.push(now - before);
            before = now;
            Ok(())
        },
    );
    run.unwrap();
    assert_none_after_warm_up(&each, each.len() - 200);
}

/// Trains every cell on dense inputs.
struct Train {
    cells: usize,
}

impl zoo::Visit<f32> for Train {
    fn visit<C: Cell<f32>>(&mut self, name: &str, mut store: ParamStore<f32>, cell: &C) {
        self.cells += 1;
        let tape = Tape::new();
        let window = Truncation::Window(Window::new(4, 4).unwrap());
        let mut run = Unrolling::new(&tape, cell, window, cell.zeros(&tape, zoo::BATCH));
        let xs = zoo::waves::<f32>(&[4, zoo::BATCH, zoo::INPUTS], 0);
        let mut each = Vec::with_capacity(20);
        for _ in 0..20 {
            let before = ALLOCATIONS.with(|n| n.get());
            let p = store.bind(&tape);
            let steps = run.advance(p, Input::Dense(tape.constant(&xs)));
            let gradients = run.backward(steps.outputs.square().sum()).unwrap();
            for (id, g) in gradients.params() {
                store.get_mut(id).zip_mut_with(g, |w, g| *w -= 0.01 * g);
            }
            drop(gradients);
            each.push(ALLOCATIONS.with(|n| n.get()) - before);
        }
        let steady: usize = each[8..].iter().sum();
        assert!(each[0] > 0, "the counter does not count");
        assert_eq!(steady, 0, "{name}: {each:?}");
    }
}

#[test]
fn every_cell_trains_without_allocating() {
    let mut train = Train { cells: 0 };
    zoo::every_cell(&|k| zoo::wave(k) as f32, &mut train);
    assert!(train.cells > 100);
}

/// Allocations of each block in the training of two stacked LSTMs with all that chance can do, over rows of unequal
/// lengths whose states are reset now and then.
fn allocations_of_a_stack((k1, k2): (usize, usize), blocks: usize) -> Vec<usize> {
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(1), ParamStore::<f32>::new());
    let init = Uniform::recurrent(HIDDEN);
    let mut layer = |name, inputs, key| {
        let form = rnn::cells::lstm::Form::default();
        let cell = Lstm::new(&mut store, name, (inputs, HIDDEN), form, &init, &mut rng).unwrap();
        let weights = [cell.u].into_iter().collect();
        let cell = DropConnect { cell, weights, rate: 0.2, key };
        let cell = Zoneout { cell, h: 0.1, c: 0.1, key: key + 1 };
        let input = Some(Dropout { rate: 0.2, key: key + 2, mask: Mask::EachStep });
        let state = Some(Dropout { rate: 0.2, key: key + 3, mask: Mask::Locked });
        Dropped { cell, input, state }
    };
    let cell = Stacked::new(layer("lower", CLASSES, 0), layer("upper", HIDDEN, 10));
    let (tape, window) = (Tape::new(), Truncation::Window(Window::new(k1, k2).unwrap()));
    let mut run = Unrolling::new(&tape, &cell, window, cell.zeros(&tape, BATCH));
    let x = ndarray::Array3::from_elem((k1, BATCH, CLASSES), 0.1);
    let lengths = [k1, 0, k1 - 1];
    let mut each = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let before = ALLOCATIONS.with(|n| n.get());
        let p = store.bind(&tape).training(block as u64);
        let xs = Sequence::time_major(Input::Dense(tape.constant(&x)));
        let steps = run.advance(p, xs.with_lengths(&lengths).unwrap());
        drop(run.backward(steps.outputs.square().sum()).unwrap());
        run.reset_rows(&[block % 3 == 0, false, true]);
        run.detach_rows(&[false, true, false]);
        each.push(ALLOCATIONS.with(|n| n.get()) - before);
    }
    each
}

#[test]
fn layers_masks_and_padding_train_without_allocating() {
    assert_none_after_warm_up(&allocations_of_a_stack((6, 6), 100), 5);
    assert_none_after_warm_up(&allocations_of_a_stack((3, 7), 200), 100);
}

/// Allocations of each update in each shard: every thread counts its own.
fn allocations_in_shards(shards: Shards, updates: usize) -> Vec<Vec<usize>> {
    let ends = shards::run(shards, |shard| {
        let Model { mut store, cell, layer, text } = model();
        let (tape, mut adam, rows) = (Tape::new(), Adam::new(1e-3), shard.rows(BATCH)?);
        let stream = Stream::<f32>::new(&text, BATCH)?.rows(rows)?;
        let start = cell.zeros(&tape, stream.batch());
        let mut run = Unrolling::new(&tape, &cell, Truncation::Window(Window::new(5, 5)?), start);
        let mut each = Vec::with_capacity(updates);
        for window in stream.windows(5)?.take(updates) {
            let before = ALLOCATIONS.with(|n| n.get());
            let p = store.bind(&tape);
            let steps = run.advance(p, Input::one_hot(window.inputs, window.batch, CLASSES));
            let scores = layer.forward(p, steps.outputs);
            let loss = loss::cross_entropy(scores, window.targets, Reduction::Sum, Rows::Mean)
                * shard.share(BATCH) as f32;
            assert!(shard.sum_number(f64::from(loss.item()))?.is_finite());
            let mut gradients = run.backward(loss)?;
            shard.sum(&mut gradients)?;
            let _ = clip::global_norm(&mut gradients, 1.0)?;
            adam.step(&mut store, &gradients)?;
            drop(gradients);
            each.push(ALLOCATIONS.with(|n| n.get()) - before);
        }
        Ok::<_, rnn::Error>(each)
    });
    ends.unwrap()
}

#[test]
fn shards_are_trained_and_summed_without_allocating() {
    for (count, threads) in [(1, 1), (2, 2), (3, 1), (3, 3)] {
        for each in allocations_in_shards(Shards::new(count).threads(threads), 60) {
            assert_none_after_warm_up(&each, 8);
        }
    }
}

#[test]
fn a_stepper_allocates_nothing_after_its_first_steps() {
    let Model { store, cell, .. } = model();
    let mut stepper = Stepper::new(&cell, &store, BATCH);
    let mut each = Vec::with_capacity(50);
    for t in 0..50 {
        let before = ALLOCATIONS.with(|n| n.get());
        stepper.step_class(&[t % CLASSES, 0, 1], CLASSES);
        each.push(ALLOCATIONS.with(|n| n.get()) - before);
    }
    assert_none_after_warm_up(&each, 3);
}

/// Learns online with every cell, one step at a time.
struct LearnOnline {
    cells: usize,
}

impl zoo::Visit<f32> for LearnOnline {
    fn visit<C: Cell<f32>>(&mut self, name: &str, store: ParamStore<f32>, cell: &C) {
        self.cells += 1;
        steady_online(name, &store, cell, Rtrl::default());
        steady_online(name, &store, cell, Uoro::new(ChaCha8Rng::seed_from_u64(1)));
    }
}

fn steady_online<C: Cell<f32>>(
    name: &str,
    store: &ParamStore<f32>,
    cell: &C,
    influence: impl Influence<f32>,
) {
    let tape = Tape::new();
    let mut run = Online::new(&tape, cell, influence, cell.zeros(&tape, zoo::BATCH));
    let xs = zoo::waves::<f32>(&[1, zoo::BATCH, zoo::INPUTS], 0);
    let mut each = Vec::with_capacity(20);
    for _ in 0..20 {
        let before = ALLOCATIONS.with(|n| n.get());
        let block = run.advance(store.bind(&tape), Input::Dense(tape.constant(&xs)));
        drop(run.backward(block.outputs.square().sum()).unwrap());
        each.push(ALLOCATIONS.with(|n| n.get()) - before);
    }
    let steady: usize = each[12..].iter().sum();
    assert!(each[0] > 0, "the counter does not count");
    assert_eq!(steady, 0, "{name}: {each:?}");
}

#[test]
fn every_cell_learns_online_without_allocating() {
    let mut learn = LearnOnline { cells: 0 };
    zoo::every_cell(&|k| zoo::wave(k) as f32, &mut learn);
    assert!(learn.cells > 100);
}
