//! Inputs are projected a stretch of steps at a time, and nobody is told.

use ndarray::{Array3, ArrayD};
use rand::SeedableRng;
use rnn::{
    Bound, Cell, Gru, Input, Lstm, ParamStore, Sequence, State, Trajectory, Widths,
    init::Uniform,
    regularize::{Dropout, Dropped, Mask},
    unroll,
};
use std::{cell::RefCell, ops::Range};
use tape::{ParamId, Tape, Var};

/// Rows of a stretch, as the library has them where inputs are narrow.
const ROWS: usize = 256;
/// The same where classes are looked up.
const LOOKED_UP: usize = 32;
/// So many rows that a stretch has four steps.
const B: usize = 60;
const LENGTH: usize = ROWS / B;
/// Four stretches and one step.
const T: usize = 4 * LENGTH + 1;
const X: usize = 3;
/// So many units that what a stretch is projected to stands aside.
const H: usize = 5;

fn inputs(steps: usize) -> Array3<f64> {
    Array3::from_shape_fn((steps, B, X), |(t, b, i)| {
        (1.0 + 2.3 * t as f64 + 1.7 * b as f64 + i as f64).sin()
    })
}

fn lstm(store: &mut ParamStore<f64>) -> Lstm<f64> {
    let (mut rng, init) = (rand_chacha::ChaCha8Rng::seed_from_u64(1), Uniform::recurrent(H));
    Lstm::new(store, "lstm", (X, H), Default::default(), &init, &mut rng).unwrap()
}

/// A cell that notes the clock and the steps of each projection.
struct Noted<C> {
    cell: C,
    seen: RefCell<Vec<Range<usize>>>,
}

impl<C: Cell<f64>> Cell<f64> for Noted<C> {
    type State<'t> = C::State<'t>;

    fn widths(&self) -> Widths {
        self.cell.widths()
    }
    fn project<'t>(&self, p: Bound<'t, '_, f64>, x: Input<'t, '_, f64>) -> Var<'t, f64> {
        self.seen.borrow_mut().push(p.time()..p.time() + x.lead()[0]);
        self.cell.project(p, x)
    }
    fn step<'t>(
        &self,
        p: Bound<'t, '_, f64>,
        x: Var<'t, f64>,
        state: C::State<'t>,
    ) -> C::State<'t> {
        self.cell.step(p, x, state)
    }
}

/// What is projected of inputs `[steps, batch, X]` by a clock that shows 100 at the first.
fn seen(steps: usize, batch: usize, reversed: bool) -> Vec<Range<usize>> {
    let (mut store, tape) = (ParamStore::new(), Tape::new());
    let cell = Noted { cell: lstm(&mut store), seen: RefCell::default() };
    let xs = Sequence::from(Input::Dense(tape.zeros(&[steps, batch, X])));
    let xs = if reversed { xs.reversed() } else { xs };
    cell.run(store.bind(&tape).at(100), &xs, cell.zeros(&tape, batch), &mut Vec::new());
    cell.seen.into_inner()
}

#[test]
fn each_stretch_is_projected_once_by_the_clock_of_its_first_step() {
    let there = seen(T, B, false);
    assert_eq!(there, [100..104, 104..108, 108..112, 112..116, 116..117]);
    let mut back = seen(T, B, true);
    back.reverse();
    assert_eq!(back, there);
}

#[test]
fn a_sequence_of_few_rows_is_projected_at_once() {
    for steps in [0, 1, ROWS / 2] {
        let all = 100..100 + steps;
        assert_eq!(seen(steps, 2, false), std::slice::from_ref(&all));
    }
}

#[test]
fn a_stretch_has_twice_as_many_rows_as_inputs_are_wide_unless_they_are_classes() {
    let mut store = ParamStore::<f64>::new();
    let (mut rng, init) = (rand_chacha::ChaCha8Rng::seed_from_u64(1), Uniform::recurrent(H));
    let cell = Gru::new(&mut store, "gru", (ROWS, H), Default::default(), &init, &mut rng).unwrap();
    let classes = vec![7; 20 * LOOKED_UP / 2];
    for (dense, expected) in [
        (true, (0..5).map(|k| 4 * k..4 * k + 4).collect::<Vec<_>>()),
        (false, (0..10).map(|k| 2 * k..2 * k + 2).collect()),
    ] {
        let tape = Tape::new();
        let xs = if dense {
            Input::Dense(tape.zeros(&[20, 128, ROWS]))
        } else {
            Input::one_hot(&classes, LOOKED_UP / 2, ROWS)
        };
        let cell = Noted { cell: cell.clone(), seen: RefCell::default() };
        let start = cell.zeros(&tape, xs.lead()[1]);
        cell.run(store.bind(&tape), &xs.into(), start, &mut Vec::new());
        assert_eq!(cell.seen.into_inner(), expected);
    }
}

/// The outputs of all steps, and all gradients of Σ h³, those of the inputs first.
fn found<'t>(
    store: &ParamStore<f64>,
    x: Var<'t, f64>,
    outputs: &[Var<'t, f64>],
) -> (ArrayD<f64>, Vec<ArrayD<f64>>) {
    let h = x.tape().stack(outputs);
    let gradients = x.tape().backward((h * h * h).sum());
    let parameters = store.ids().map(|id| gradients.param(id).unwrap().clone());
    (h.value(), std::iter::once(gradients[x].clone()).chain(parameters).collect())
}

#[test]
fn stretches_change_no_bit_of_an_output_and_no_gradient_nor_mask() {
    let mut store = ParamStore::new();
    let input = Some(Dropout { rate: 0.3, key: 4, mask: Mask::EachStep });
    let cell = Dropped { cell: lstm(&mut store), input, state: None };
    for reversed in [false, true] {
        let tape = Tape::new();
        let (p, x) = (store.bind(&tape).training(5).at(30), tape.leaf(inputs(T)));
        let xs = Sequence::from(Input::Dense(x));
        let xs = if reversed { xs.reversed() } else { xs };
        let start = || cell.zeros(&tape, B);

        let (once, mut state, mut outputs) = (cell.project(p, Input::Dense(x)), start(), vec![]);
        for t in xs.order() {
            state = cell.step(p.at(30 + t), once.select(0, t), state);
            outputs.push(state.output());
        }
        xs.into_time(&mut outputs);
        let at_once = found(&store, x, &outputs);

        let mut run = Vec::new();
        cell.run(p, &xs, start(), &mut run);
        let seen = Trajectory::record(&cell, p, &xs, start());
        let seen = (0..T).map(|t| seen.state(t)[0]).collect();
        let states = unroll(&cell, p, xs.input(), start()).map(State::output).collect();
        let ways = if reversed { vec![run, seen] } else { vec![run, seen, states] };
        for outputs in ways {
            let in_stretches = found(&store, x, &outputs);
            assert_eq!(in_stretches.0, at_once.0);
            for (a, b) in in_stretches.1.iter().zip(&at_once.1) {
                approx::assert_relative_eq!(a, b, max_relative = 1e-12, epsilon = 1e-13);
            }
        }
    }
}

#[test]
fn steps_behind_the_end_of_all_rows_change_no_bit_of_a_gradient() {
    let (mut store, end) = (ParamStore::new(), 2 * LENGTH + 1);
    let (cell, lengths) = (lstm(&mut store), [end; B]);
    let gradients = |steps| {
        let tape = Tape::new();
        let x = Input::Dense(tape.constant(inputs(steps)));
        let xs = Sequence::from(x).with_lengths(&lengths).unwrap();
        let mut outputs = Vec::new();
        cell.run(store.bind(&tape), &xs, cell.zeros(&tape, B), &mut outputs);
        let h = tape.stack(&outputs[..end]);
        let gradients = tape.backward((h * h * h).sum());
        store.ids().map(|id| gradients.param(id).unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(gradients(end), gradients(T));
}

#[test]
fn a_sweep_holds_the_adjoint_of_a_stretch_and_not_of_all_that_is_projected() {
    let mut store = ParamStore::new();
    let cell = lstm(&mut store);
    let (steps, projected) = (16 * LENGTH, B * 4 * H * size_of::<f64>());
    let held = |at_once: bool| {
        let tape = Tape::new();
        let (p, xs) = (store.bind(&tape), Input::Dense(tape.constant(inputs(steps))));
        let mut state = cell.zeros(&tape, B);
        if at_once {
            let xs = cell.project(p, xs);
            state = (0..steps).fold(state, |state, t| cell.step(p, xs.select(0, t), state));
        } else {
            state = cell.run(p, &xs.into(), state, &mut Vec::new());
        }
        let before = tape.held();
        tape.backward(state.output().sum());
        tape.held() - before
    };
    let spared = held(true) - held(false);
    assert!(spared > (steps - 2 * LENGTH) * projected, "{spared} of {}", steps * projected);
}

#[test]
fn what_a_stretch_was_given_stands_on_the_tape_no_more() {
    let mut store = ParamStore::new();
    let cell = lstm(&mut store);
    let bytes = |let_go: bool| {
        let tape = Tape::new();
        let (p, xs) = (store.bind(&tape), Input::Dense(tape.constant(inputs(T))));
        let state = cell.zeros(&tape, B);
        if let_go {
            cell.run(p, &xs.into(), state, &mut Vec::new());
        } else {
            let xs = cell.project(p, xs);
            (0..T).fold(state, |state, t| cell.step(p, xs.select(0, t), state));
        }
        tape.bytes()
    };
    let stretches = 4 * LENGTH * B * 4 * H * size_of::<f64>();
    assert!(bytes(true) < bytes(false) - stretches + 10_000, "{} {}", bytes(true), bytes(false));
}

/// hₜ = tanh(hₜ₋₁ U + xₜ₋₁ W): a state that carries the input of a step on to the next.
struct Late {
    w: ParamId,
    u: ParamId,
    /// Does it say that the input is read in its own step only, though it is not?
    careless: bool,
}

/// So many units that a stretch of them stands aside.
const WIDE: usize = 18;

impl Late {
    fn new(store: &mut ParamStore<f64>, careless: bool) -> Self {
        let mut add = |name: &str, rows| {
            let weight = |(i, j)| (1.0 + 3.0 * i as f64 + 7.0 * j as f64).sin() / 4.0;
            let weight = ndarray::Array2::from_shape_fn((rows, WIDE), weight);
            store.add(name, weight.into_dyn()).unwrap()
        };
        Self { w: add("w", X), u: add("u", WIDE), careless }
    }

    /// The outputs and gradients of T steps.
    fn run(store: &ParamStore<f64>, cell: &Self) -> (ArrayD<f64>, Vec<ArrayD<f64>>) {
        let tape = Tape::new();
        let (x, mut outputs) = (tape.leaf(inputs(T)), Vec::new());
        let xs = Sequence::from(Input::Dense(x));
        cell.run(store.bind(&tape), &xs, cell.zeros(&tape, B), &mut outputs);
        found(store, x, &outputs)
    }
}

impl Cell<f64> for Late {
    type State<'t> = (Var<'t, f64>, Var<'t, f64>);

    fn widths(&self) -> Widths {
        [WIDE, WIDE].into_iter().collect()
    }
    fn project<'t>(&self, p: Bound<'t, '_, f64>, x: Input<'t, '_, f64>) -> Var<'t, f64> {
        let w = p.var(self.w);
        if self.careless { x.project(w, None) } else { x.matmul(w) }
    }
    fn step<'t>(
        &self,
        p: Bound<'t, '_, f64>,
        x: Var<'t, f64>,
        (h, before): Self::State<'t>,
    ) -> Self::State<'t> {
        (h.affine_tanh(p.var(self.u), before), x)
    }
}

#[test]
fn a_state_may_carry_on_what_its_cell_has_not_promised_to_let_go() {
    let mut store = ParamStore::new();
    let cell = Late::new(&mut store, false);
    let (outputs, gradients) = Late::run(&store, &cell);
    let tape = Tape::new();
    let x = tape.leaf(inputs(T));
    let [w, u] = [cell.w, cell.u].map(|id| store.bind(&tape).var(id));
    let (xs, mut h, mut all) = (x.matmul(w), tape.zeros(&[B, WIDE]), Vec::new());
    for t in 0..T {
        let before = if t > 0 { xs.select(0, t - 1) } else { tape.zeros(&[B, WIDE]) };
        h = h.affine_tanh(u, before);
        all.push(h);
    }
    let plain = found(&store, x, &all);
    assert_eq!(outputs, plain.0);
    for (a, b) in gradients.iter().zip(&plain.1) {
        approx::assert_relative_eq!(a, b, max_relative = 1e-12, epsilon = 1e-13);
    }
}

#[test]
#[should_panic(expected = "was let go, its elements are no more")]
fn a_state_that_carries_on_what_was_let_go_is_told() {
    let mut store = ParamStore::new();
    let cell = Late::new(&mut store, true);
    Late::run(&store, &cell);
}
