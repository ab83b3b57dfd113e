//! RTRL, and windows that carry the influence matrix: exactly BPTT.

use super::{Arrays, Problem, apart, three};
use crate::zoo;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Input, ParamStore,
    bptt::{Truncation, Unrolling, Window},
    init::Uniform,
    online::{Online, Rtrl},
};
use tape::Tape;

/// Holds every cell against BPTT, in blocks of some lengths.
struct HoldEvery {
    blocks: &'static [usize],
    cells: usize,
    bias: f64,
}

impl zoo::Visit<f64> for HoldEvery {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        let problem = Problem::new(store, cell, 5, 2);
        let want = problem.bptt();
        for &k in self.blocks {
            let off = apart(&problem.online(Rtrl::default(), k), &want);
            assert!(off < 1e-11, "{name} in blocks of {k}: {off:e}");
            let window = Truncation::Window(Window::new(k, k).unwrap());
            self.bias = self.bias.max(apart(&problem.truncated(window, k), &want));
        }
        self.cells += 1;
    }
}

#[test]
fn real_time_recurrent_learning_is_backpropagation_through_time_for_every_cell() {
    let mut hold = HoldEvery { blocks: &[1], cells: 0, bias: 0.0 };
    zoo::every_cell(&zoo::wave, &mut hold);
    assert!(hold.cells > 100 && hold.bias > 0.1, "{} cells, {}", hold.cells, hold.bias);
}

#[test]
fn a_window_that_carries_the_influence_over_its_edge_has_no_bias() {
    let mut hold = HoldEvery { blocks: &[2, 3, 4, 5], cells: 0, bias: 0.0 };
    zoo::every_cell(&zoo::wave, &mut hold);
    assert!(hold.cells > 100 && hold.bias > 0.1, "{} cells, {}", hold.cells, hold.bias);
}

/// Takes the losses of the edges, where the gradient is s̄ᵀM alone.
struct AtTheEdges;

impl zoo::Visit<f64> for AtTheEdges {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        let problem = Problem::new(store, cell, 5, 2);
        let (tape, mut sums) = (Tape::new(), Arrays::new());
        let start = problem.start(problem.store.bind(&tape));
        let mut run = Online::new(&tape, cell, Rtrl::default(), start);
        for t in 0..5 {
            run.advance(problem.store.bind(&tape), problem.inputs(&tape, t..t + 1));
            run.carry().unwrap();
            let h = run.output(problem.store.bind(&tape));
            let gradients = run.backward(problem.loss(tape.stack(&[h]), t..t + 1)).unwrap();
            problem.add(&mut sums, &gradients);
        }
        assert!(apart(&sums, &problem.bptt()) < 1e-11, "{name}");
    }
}

#[test]
fn at_an_edge_the_influence_alone_gives_the_gradient() {
    three(4, &mut AtTheEdges);
}

#[test]
fn a_matrix_that_is_too_large_is_refused_with_its_bytes_before_it_is_made() {
    let mut store = ParamStore::<f64>::new();
    let (init, mut rng) = (Uniform::recurrent(4), ChaCha8Rng::seed_from_u64(1));
    let cell = Elman::new(&mut store, "cell", (3, 4), &init, &mut rng).unwrap();
    let tape = Tape::new();
    // N = 2 · 4, P = 12 + 16 + 4, two matrices of 8 bytes a number
    let run = |bytes| {
        let mut run = Online::new(&tape, &cell, Rtrl::within(bytes), cell.zeros(&tape, 2));
        run.advance(store.bind(&tape), Input::Dense(tape.zeros(&[1, 2, 3])));
        run.carry()
    };
    assert!(run(8 * 32 * 2 * 8).is_ok());
    assert_eq!(
        run(8 * 32 * 2 * 8 - 1).unwrap_err().to_string(),
        "an influence matrix of 8 × 32 numbers and its successor, 4096 bytes: 4095 bytes are allowed; nothing \
         was allocated; allow more by `Rtrl::within`, carry fewer rows or units, or take `Snap1` or `Uoro`"
    );
}

#[test]
fn a_start_that_only_the_past_has_used_counts_as_used() {
    let mut store = ParamStore::<f64>::new();
    let (init, mut rng) = (Uniform::recurrent(4), ChaCha8Rng::seed_from_u64(1));
    let cell = Elman::new(&mut store, "cell", (3, 4), &init, &mut rng).unwrap();
    let problem = Problem::new(store, &cell, 3, 2);
    let tape = Tape::new();
    let mut run =
        Online::new(&tape, &cell, Rtrl::default(), problem.start(problem.store.bind(&tape)));
    for t in 0..3 {
        let block = run.advance(problem.store.bind(&tape), problem.inputs(&tape, t..t + 1));
        let gradients = run.backward(problem.loss(block.outputs, block.steps)).unwrap();
        let start = problem.start[0];
        assert!(!gradients.is_unused(start) && gradients[start].iter().any(|&g| g != 0.0), "{t}");
    }
}

#[test]
fn rows_that_begin_anew_have_no_past() {
    let mut store = ParamStore::<f64>::new();
    let (init, mut rng) = (Uniform { bound: 0.9 }, ChaCha8Rng::seed_from_u64(1));
    let cell = Elman::new(&mut store, "cell", (3, 4), &init, &mut rng).unwrap();
    let problem = Problem::new(store, &cell, 6, 2);
    let mask = |t: usize| [t == 2, t == 4];
    let tape = Tape::new();
    let (mut online, mut whole) = (Arrays::new(), Arrays::new());

    let mut run =
        Online::new(&tape, &cell, Rtrl::default(), problem.start(problem.store.bind(&tape)));
    for t in 0..6 {
        run.reset_rows(&mask(t));
        let block = run.advance(problem.store.bind(&tape), problem.inputs(&tape, t..t + 1));
        let gradients = run.backward(problem.loss(block.outputs, block.steps)).unwrap();
        problem.add(&mut online, &gradients);
    }
    let tape = Tape::new();
    let mut run =
        Unrolling::new(&tape, &cell, Truncation::Full, problem.start(problem.store.bind(&tape)));
    let mut sum = tape.constant(0.0);
    for t in 0..6 {
        run.reset_rows(&mask(t));
        let block = run.advance(problem.store.bind(&tape), problem.inputs(&tape, t..t + 1));
        sum = sum + problem.loss(block.outputs, block.steps);
    }
    problem.add(&mut whole, &run.backward(sum).unwrap());
    assert!(apart(&online, &whole) < 1e-12);
    assert!(apart(&online, &problem.bptt()) > 0.01);
}
