//! A budget of memory is kept, as counted by the allocator.

#![allow(unsafe_code)] // an allocator that counts is a `GlobalAlloc`, whose methods are unsafe
#![allow(clippy::unwrap_used)] // a test may

use ndarray::Array3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Gru, Input, Linear, Lstm, ParamStore,
    bptt::{Budget, Checkpointed, Plan},
    cells::{gru, lstm},
    init::Uniform,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell as Counter,
};
use tape::Tape;

/// Counts the bytes that this thread holds, and the most it has held.
struct Counting;

thread_local! {
    static HELD: Counter<usize> = const { Counter::new(0) };
    static PEAK: Counter<usize> = const { Counter::new(0) };
}

fn take(bytes: usize) {
    let held = HELD.with(|held| held.replace(held.get().wrapping_add(bytes))).wrapping_add(bytes);
    PEAK.with(|peak| peak.set(peak.get().max(held)));
}

fn give(bytes: usize) {
    HELD.with(|held| held.set(held.get().wrapping_sub(bytes)));
}

// SAFETY: every call is handed on to the system's allocator as it is; counting touches numbers only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        give(layout.size());
        // SAFETY: `at` came from `alloc` or `realloc`, hence from the system.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // While it moves, memory is held twice.
        take(size);
        give(layout.size());
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 2;

/// The plan, and the most bytes held from before planning to the end.
fn measured<C: Cell<f32>>(
    store: &ParamStore<f32>,
    cell: &C,
    head: &Linear,
    steps: usize,
    budget: Budget,
) -> (Plan, usize) {
    let before = HELD.with(Counter::get);
    PEAK.with(|peak| peak.set(before));
    let tape = Tape::new();
    let mut run = Checkpointed::new(
        &tape,
        cell,
        steps,
        |p| cell.zeros(p.tape(), ROWS),
        |p, t| {
            let x = |(_, r, k)| ((t + 3 * r + 7 * k) as f32).sin();
            Input::Dense(p.tape().constant(Array3::from_shape_fn((1, ROWS, 2), x))).into()
        },
        |p, t, h| (head.forward(p, h) - (t as f32).cos()).square().sum(),
    );
    let plan = run.plan(store.bind(&tape), budget).unwrap();
    let (loss, gradients) = run.backward(store.bind(&tape), &plan).unwrap();
    assert!(loss.is_finite() && gradients.params().count() >= 4);
    (plan, PEAK.with(Counter::get) - before)
}

/// Every budget for 1,000 and 10,000 steps.
fn keep<C: Cell<f32>>(
    name: &str,
    mut store: ParamStore<f32>,
    cell: &C,
    hidden: usize,
) -> [bool; 2] {
    let (init, mut rng) = (Uniform::recurrent(hidden), ChaCha8Rng::seed_from_u64(2));
    let head = Linear::new(&mut store, "head", (hidden, 1), &init, &mut rng).unwrap();
    let mut seen = [false; 2];
    for steps in [1000, 10_000] {
        for mebibytes in [1, 2, 4, 16, 64] {
            let budget = Budget::mebibytes(mebibytes);
            let (plan, peak) = measured(&store, cell, &head, steps, budget);
            assert!(peak <= mebibytes << 20, "{name}: {plan}, but {peak} bytes were held");
            assert!(peak <= plan.bytes(), "{name}: {plan}, but {peak} bytes were held");
            // A forecast of twice the truth would keep any budget.
            let close = 4 * peak > 3 * plan.bytes() || plan.bytes() - peak < 400 << 10;
            assert!(close, "{name}: {plan}, but only {peak} bytes were held");
            assert!(plan.forward() < 3 * steps, "{name}: {plan}");
            seen[usize::from(plan.leaf() == steps)] = true;
        }
    }
    seen
}

#[test]
fn what_an_elman_network_holds_is_within_the_budget_and_close_to_the_forecast() {
    let (mut rng, init) = (ChaCha8Rng::seed_from_u64(1), Uniform::recurrent(8));
    let mut store = ParamStore::new();
    let cell = Elman::new(&mut store, "cell", (2, 8), &init, &mut rng).unwrap();
    assert_eq!(keep("elman", store, &cell, 8), [true; 2], "plans of one kind only");
}

#[test]
fn what_an_lstm_holds_is_within_the_budget_and_close_to_the_forecast() {
    let (mut rng, init) = (ChaCha8Rng::seed_from_u64(1), Uniform::recurrent(8));
    let (mut store, form) = (ParamStore::new(), lstm::Form::default());
    let cell = Lstm::new(&mut store, "cell", (2, 8), form, &init, &mut rng).unwrap();
    keep("lstm", store, &cell, 8);
}

#[test]
fn what_a_gru_holds_is_within_the_budget_and_close_to_the_forecast() {
    let (mut rng, init) = (ChaCha8Rng::seed_from_u64(1), Uniform::recurrent(8));
    let (mut store, form) = (ParamStore::new(), gru::Form::default());
    let cell = Gru::new(&mut store, "cell", (2, 16), form, &init, &mut rng).unwrap();
    keep("gru", store, &cell, 16);
}
