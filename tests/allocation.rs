//! A loop that records the same steps again allocates nothing.
//!
//! This binary counts what its threads allocate, each for itself. The first rounds of a loop may allocate: the
//! tape learns how much memory the work takes. After that it must find everything in what it has kept.

use ndarray::{Array1, Array2, ArrayD};
use rnn::ParamStore;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};
use tape::{ParamId, Tape, Var};

thread_local! {
    /// How often this thread has allocated. (A constant without a destructor: to read it allocates nothing.)
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

/// Only an allocator sees every allocation, and to be one is unsafe: it passes each call on to the system's,
/// with its arguments as they came.
#[allow(unsafe_code)]
mod counting {
    use super::*;

    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.set(ALLOCATIONS.get() + 1);
            unsafe { System.alloc(layout) }
        }
        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            unsafe { System.dealloc(memory, layout) }
        }
        unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            ALLOCATIONS.set(ALLOCATIONS.get() + 1);
            unsafe { System.realloc(memory, layout, size) }
        }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

const WARM_UP: usize = 3;
const ROUNDS: usize = 10;

/// Repeats `round` and checks that after the warm-up it allocates nothing.
fn settles(mut round: impl FnMut(usize)) {
    let counts: Vec<_> = (0..WARM_UP + ROUNDS).map(|i| allocations(|| round(i))).collect();
    assert!(counts[0] > 0, "the first round cannot do without");
    assert_eq!(counts[WARM_UP..], [0; ROUNDS], "after {:?} in the warm-up", &counts[..WARM_UP]);
}

struct Model {
    store: ParamStore<f64>,
    table: ParamId,
    weight: ParamId,
    bias: ParamId,
    idle: ParamId,
    zero_state: ArrayD<f64>,
    cotangent: ArrayD<f64>,
}

impl Model {
    fn new() -> Self {
        let wave =
            |rows, cols| Array2::from_shape_fn((rows, cols), |(i, j)| f64::sin((i + 3 * j) as f64));
        let mut store = ParamStore::new();
        let mut add = |name, value| store.add(name, value).expect("names that differ");
        Self {
            table: add("table", wave(7, 5).into_dyn()),
            weight: add("weight", wave(5, 5).into_dyn()),
            bias: add("bias", Array1::zeros(5).into_dyn()),
            idle: add("idle", wave(3, 3).into_dyn()),
            zero_state: ArrayD::zeros(vec![2, 5]),
            cotangent: ArrayD::ones(vec![2, 5]),
            store,
        }
    }

    /// One step of a recurrence that meets every kind of op.
    fn step<'t>(&self, tape: &'t Tape<f64>, h: Var<'t, f64>, t: usize) -> Var<'t, f64> {
        let bound = self.store.bind(tape);
        let (table, w, b) = (bound.var(self.table), bound.var(self.weight), bound.var(self.bias));
        let x = table.gather_rows(&[t % 7, (3 * t + 1) % 7]);
        let z = (x * 0.5 + h.matmul(w)).tanh();
        let gate = (h.affine(w, b) / 2.0 - 1.0).sigmoid();
        let kept = (1.0 - gate) * h + gate * z;
        let turned = kept.reshape([5, 2]).t().relu().scale_gradient(0.5);
        let left = turned.slice(1, 0..2);
        tape.concat(1, &[left, kept.slice(1, 2..5)])
    }

    /// What is made of 32 states, the last op first in no one's memory.
    fn loss<'t>(&self, tape: &'t Tape<f64>, states: &[Var<'t, f64>]) -> Var<'t, f64> {
        let w = self.store.bind(tape).var(self.weight);
        let all = tape.stack(states);
        let scores = all.matmul(w).reshape([states.len() * 2, 5]);
        let targets: [usize; 64] = std::array::from_fn(|k| k % 5);
        let weights = tape.constant([1.0; 64]);
        let surprise = scores.cross_entropy_weighted(&targets[..states.len() * 2], weights);
        let norm = all.square().sum_axis(0).mean_axis(-1).sum() + (all.select(0, 3) - 2.0).mean();
        let spread = scores.softmax().ln().sum() * 1e-3 + scores.log_softmax().exp().sqrt().sum();
        let none = all.slice(0, 1..1).tanh().sum();
        let one_hot = tape.one_hot(&targets, 5).squared_error(scores.detach());
        surprise / 64.0 + norm + spread + none + one_hot - (-norm).half_squared_error(surprise)
    }
}

#[test]
fn recording_sweeping_and_clearing_again_allocates_nothing() {
    let model = Model::new();
    let mut tape = Tape::<f64>::new();
    let inputs = Array2::from_shape_fn((5, 2), |(i, j)| (i + j) as f64);
    settles(|_| {
        let leaf = tape.leaf(inputs.t());
        let mut h = leaf.watch();
        let states: [Var<'_, f64>; 32] = std::array::from_fn(|t| {
            h = model.step(&tape, h, t);
            h
        });
        model.store.bind(&tape).var(model.idle);
        let loss = model.loss(&tape, &states);
        let mut gradients = tape.backward(loss);
        let again = tape.backward_from(&[(h, &model.cotangent), (leaf, &model.cotangent)]);
        gradients.accumulate(&again);
        assert!(gradients[model.weight].iter().all(|g| g.is_finite()));
        assert!(gradients.is_unused(model.idle));
        gradients.for_each_param_mut(|_, g| *g *= 0.5);
        drop((gradients, again));
        tape.clear();
    });
}

#[test]
fn a_stream_in_truncated_windows_allocates_nothing() {
    let model = Model::new();
    let tape = Tape::<f64>::new();
    let mut h = tape.constant(&model.zero_state);
    settles(|round| {
        let states: [Var<'_, f64>; 32] = std::array::from_fn(|t| {
            h = model.step(&tape, h, 32 * round + t);
            h
        });
        drop(tape.backward(model.loss(&tape, &states)));
        let mark = tape.mark();
        h = h.detach();
        tape.cut(mark);
    });
}

#[test]
fn a_sliding_window_allocates_nothing() {
    const WINDOW: usize = 16;
    let model = Model::new();
    let tape = Tape::<f64>::new();
    let mut marks = [tape.mark(); WINDOW];
    let mut h = tape.constant(&model.zero_state);
    settles(|round| {
        for t in 64 * round..64 * (round + 1) {
            // the mark before this step takes the place of the one that is `WINDOW` steps old
            tape.cut(marks[t % WINDOW]);
            marks[t % WINDOW] = tape.mark();
            h = model.step(&tape, h, t);
            drop(tape.backward(h.square().sum()));
        }
    });
}

#[test]
fn a_gradient_taken_over_from_another_sweep_returns_its_memory_too() {
    let model = Model::new();
    let tape = Tape::<f64>::new();
    let weight = model.store.bind(&tape).var(model.weight);
    let theirs = tape.backward(weight.sum());
    let fresh = Tape::<f64>::new();
    let y = fresh.leaf(1.0);
    settles(|_| {
        let mut gradients = fresh.backward(y);
        gradients.accumulate(&theirs);
        assert!(!gradients.is_unused(model.weight));
    });
}
