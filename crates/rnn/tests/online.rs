//! What is carried forwards is what backpropagation through time carries back.

#![allow(clippy::unwrap_used)] // a test may

mod golden;
mod zoo;

use golden::Target;
use ndarray::{ArrayD, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Bound, Cell, Elman, Gru, Input, Linear, Lstm, ParamStore, State,
    bptt::{Truncation, Unrolling, Window},
    cells,
    init::Uniform,
    online::{Influence, Online, Rtrl, Snap1, Uoro},
};
use std::{collections::BTreeMap, ops::Range};
use tape::{Gradients, ParamId, Tape, Var};

type Arrays = BTreeMap<String, ArrayD<f64>>;

/// A cell with a learned start and a loss of all outputs.
struct Problem<'c, C> {
    store: ParamStore<f64>,
    cell: &'c C,
    start: Vec<ParamId>,
    steps: usize,
    batch: usize,
}

impl<'c, C: Cell<f64>> Problem<'c, C> {
    fn new(mut store: ParamStore<f64>, cell: &'c C, steps: usize, batch: usize) -> Self {
        let widths = cell.widths().into_iter().enumerate();
        let start = widths.map(|(k, width)| {
            let value = zoo::waves(&[batch, width], 500 + 100 * k);
            store.add(format!("start {k}"), value).unwrap()
        });
        let start = start.collect();
        Self { store, cell, start, steps, batch }
    }

    fn start<'t>(&self, p: Bound<'t, '_, f64>) -> C::State<'t> {
        let mut ids = self.start.iter();
        State::build(&mut || p.var(*ids.next().unwrap()))
    }

    fn inputs<'t>(&self, tape: &'t Tape<f64>, steps: Range<usize>) -> Input<'t, 'static, f64> {
        let all = zoo::waves::<f64>(&[self.steps, self.batch, zoo::INPUTS], 2000);
        Input::Dense(tape.constant(all.slice_axis(Axis(0), Slice::from(steps))))
    }

    fn loss<'t>(&self, outputs: Var<'t, f64>, steps: Range<usize>) -> Var<'t, f64> {
        let mut shape = outputs.shape();
        shape[0] = self.steps;
        let weights = zoo::waves::<f64>(&shape, 3000);
        let weights = weights.slice_axis(Axis(0), Slice::from(steps));
        ((outputs + outputs.square()) * outputs.tape().constant(weights)).sum()
    }

    fn add(&self, sums: &mut Arrays, gradients: &Gradients<f64>) {
        for (id, g) in gradients.params() {
            let sum = sums.entry(self.store.name(id).into()).or_insert_with(|| g * 0.0);
            *sum += g;
        }
    }

    fn truncated(&self, truncation: Truncation, k: usize) -> Arrays {
        let (tape, mut sums) = (Tape::new(), Arrays::new());
        let start = self.start(self.store.bind(&tape));
        let mut run = Unrolling::new(&tape, self.cell, truncation, start);
        while run.time() < self.steps {
            let steps = run.time()..(run.time() + k).min(self.steps);
            let block = run.advance(self.store.bind(&tape), self.inputs(&tape, steps));
            let gradients = run.backward(self.loss(block.outputs, block.steps)).unwrap();
            self.add(&mut sums, &gradients);
        }
        sums
    }

    fn bptt(&self) -> Arrays {
        self.truncated(Truncation::Full, self.steps)
    }

    fn online(&self, influence: impl Influence<f64>, k: usize) -> Arrays {
        let (tape, mut sums) = (Tape::new(), Arrays::new());
        let start = self.start(self.store.bind(&tape));
        let mut run = Online::new(&tape, self.cell, influence, start);
        while run.time() < self.steps {
            let steps = run.time()..(run.time() + k).min(self.steps);
            let block = run.advance(self.store.bind(&tape), self.inputs(&tape, steps));
            let gradients = run.backward(self.loss(block.outputs, block.steps)).unwrap();
            self.add(&mut sums, &gradients);
        }
        sums
    }
}

/// max |a − b| / max |b| of the worst parameter.
fn apart(a: &Arrays, b: &Arrays) -> f64 {
    assert!(a.keys().eq(b.keys()), "{:?} and {:?}", a.keys(), b.keys());
    let largest = |x: &ArrayD<f64>| x.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    b.iter().map(|(k, b)| largest(&(&a[k] - b)) / largest(b).max(1e-3)).fold(0.0, f64::max)
}

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

/// Shows an Elman network, an LSTM and a GRU of `hidden` units.
fn three(hidden: usize, visit: &mut impl zoo::Visit<f64>) {
    let (sizes, init, mut rng) =
        ((zoo::INPUTS, hidden), Uniform { bound: 0.9 }, ChaCha8Rng::seed_from_u64(5));
    let mut store = ParamStore::new();
    let cell = Elman::new(&mut store, "cell", sizes, &init, &mut rng).unwrap();
    visit.visit("elman", store, &cell);
    let (mut store, form) = (ParamStore::new(), cells::lstm::Form::default());
    let cell = Lstm::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
    visit.visit("lstm", store, &cell);
    let (mut store, form) = (ParamStore::new(), cells::gru::Form::default());
    let cell = Gru::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
    visit.visit("gru", store, &cell);
}

/// The mean of UORO's gradient over all signs at all edges.
struct Enumerate {
    block: usize,
    steps: usize,
}

impl zoo::Visit<f64> for Enumerate {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        let width: usize = cell.widths().iter().sum();
        let problem = Problem::new(store, cell, self.steps, 1);
        let signs = width * (self.steps.div_ceil(self.block) - 1);
        let (mut mean, mut spread) = (Arrays::new(), 0.0f64);
        let want = problem.bptt();
        for draw in 0..1usize << signs {
            // The last edge, whose signs nobody reads, gets zeros.
            let mut k = 0;
            let uoro = Uoro::with_signs(|| {
                k += 1;
                draw >> (k - 1) & 1 == 1
            });
            let got = problem.online(uoro, self.block);
            spread = spread.max(apart(&got, &want));
            for (name, g) in got {
                let sum = mean.entry(name).or_insert_with(|| &g * 0.0);
                sum.scaled_add(1.0 / (1u64 << signs) as f64, &g);
            }
        }
        let off = apart(&mean, &want);
        assert!(off < 1e-10, "{name}: {off:e}");
        assert!(spread > 0.1, "{name}: no draw differs");
    }
}

#[test]
fn uoro_is_backpropagation_through_time_on_the_mean_of_all_signs() {
    three(2, &mut Enumerate { block: 1, steps: 3 });
    three(1, &mut Enumerate { block: 1, steps: 5 });
    three(2, &mut Enumerate { block: 2, steps: 5 });
}

#[test]
fn uoro_repeats_itself_bit_for_bit_with_the_same_seed_and_only_then() {
    struct Repeat;
    impl zoo::Visit<f64> for Repeat {
        fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
            let problem = Problem::new(store, cell, 8, 2);
            let run = |seed| problem.online(Uoro::new(ChaCha8Rng::seed_from_u64(seed)), 1);
            assert_eq!(run(1), run(1), "{name}");
            assert_ne!(run(1), run(2), "{name}");
        }
    }
    three(4, &mut Repeat);
}

#[test]
fn snap_1_gives_what_it_gives_in_closed_form() {
    let golden::Elman { w, u, b, v, c, h0, inputs, target, .. } =
        golden::sequence("tanh", false, 5);
    let Target::HalfSquaredError(targets) = target else { panic!() };
    let mut store = ParamStore::<f64>::new();
    let mut add = |name: &str, value: ArrayD<f64>| store.add(name, value).unwrap();
    let (w, u, b) = (add("w", w.into_dyn()), add("u", u.into_dyn()), add("b", b.into_dyn()));
    let head = Linear { v: add("v", v.into_dyn()), c: Some(add("c", c.into_dyn())) };
    let cell = Elman { w, u, b: Some(b), activation: Activation::Tanh, hidden: 4 };
    let tape = Tape::new();
    let mut run = Online::new(&tape, &cell, Snap1::default(), tape.constant(&h0));
    let mut sums = [0.0; 3];
    for t in 0..5 {
        let at = |all: &ndarray::Array3<f64>| {
            tape.constant(all.slice_axis(Axis(0), Slice::from(t..t + 1)))
        };
        let p = store.bind(&tape);
        run.advance(p, Input::Dense(at(&inputs)));
        run.carry().unwrap();
        let h = run.output(p);
        let loss = (head.forward(p, h) - at(&targets)).square().sum() * 0.5;
        let gradients = run.backward(loss).unwrap();
        for (sum, id) in sums.iter_mut().zip([w, u, b]) {
            *sum += gradients[id].sum();
        }
    }
    // One unit each: 3 + 4 weights and a bias, of 4 units.
    assert_eq!(run.influence().entries(), 4 * (3 + 4 + 1));
    for (got, want) in sums.into_iter().zip(golden::snap_1()) {
        assert!((got - want).abs() < 1e-12 * want.abs(), "{got} and {want}");
    }
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
