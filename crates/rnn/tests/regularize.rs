//! Masks by counter: repeated by whoever repeats the step.

use ndarray::{Array2, Array3, ArrayD, Axis, Slice, arr1};
use rand::SeedableRng;
use rnn::{
    Bound, Cell, Elman, Embedding, Input, Lstm, ParamStore, Sequence, Stacked, State, Tied,
    bptt::{Truncation, Unrolling, Window},
    cells::lstm::Form,
    init::Uniform,
    layers::{Layer, Recurrent, Stack},
    regularize::{DropConnect, Dropout, Dropped, Mask, Zoneout},
    unroll,
};
use std::sync::Arc;
use tape::{Tape, Var};

const T: usize = 6;
const B: usize = 3;
const X: usize = 2;
const H: usize = 4;

fn inputs() -> Array3<f64> {
    Array3::from_shape_fn((T, B, X), |(t, b, i)| {
        (1.0 + 2.3 * t as f64 + 1.7 * b as f64 + i as f64).sin()
    })
}

type Everything = Dropped<Zoneout<DropConnect<Lstm<f64>>>>;

/// An LSTM on which all act at once.
fn everything(store: &mut ParamStore<f64>, name: &str, inputs: usize, key: u64) -> Everything {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(key);
    let init = Uniform::recurrent(H);
    let cell = Lstm::new(store, name, (inputs, H), Form::default(), &init, &mut rng).unwrap();
    let weights = [cell.u].into_iter().collect();
    let cell = DropConnect { cell, weights, rate: 0.3, key };
    let cell = Zoneout { cell, h: 0.2, c: 0.4, key: key + 1 };
    let input = Some(Dropout { rate: 0.25, key: key + 2, mask: Mask::EachStep });
    let state = Some(Dropout { rate: 0.35, key: key + 3, mask: Mask::Locked });
    Dropped { cell, input, state }
}

/// Two of them, one on top of the other.
fn two(store: &mut ParamStore<f64>) -> Stacked<Everything, Everything> {
    Stacked::new(everything(store, "lower", X, 10), everything(store, "upper", H, 20))
}

/// The outputs of a run from zeros, `[T, B, H]`.
fn outputs<'t>(cell: &impl Cell<f64>, p: Bound<'t, '_, f64>) -> Var<'t, f64> {
    let (xs, mut outputs) = (Input::Dense(p.tape().constant(inputs())), Vec::new());
    cell.run(p, &xs.into(), cell.zeros(p.tape(), B), &mut outputs);
    p.tape().stack(&outputs)
}

/// Outputs and all gradients, those of the inputs first.
fn found<'t>(
    store: &ParamStore<f64>,
    tape: &'t Tape<f64>,
    x: Var<'t, f64>,
    outputs: &[Var<'t, f64>],
) -> Vec<ArrayD<f64>> {
    let y = tape.stack(outputs);
    let weights = ArrayD::from_shape_fn(y.shape().to_vec(), |at| {
        ((3 * at[0] + 5 * at[1] + at[2]) as f64).cos()
    });
    let gradients = tape.backward((y * tape.constant(weights)).sum());
    let dp = store.ids().map(|id| gradients.param(id).unwrap().clone());
    [y.value(), gradients[x].clone()].into_iter().chain(dp).collect()
}

#[test]
fn steps_one_by_one_have_the_masks_of_a_run_over_the_block() {
    let mut store = ParamStore::new();
    let cell = two(&mut store);
    let tape = Tape::new();
    let (p, x) = (store.bind(&tape).training(5), tape.leaf(inputs()));
    let mut outputs = Vec::new();
    cell.run(p, &Input::Dense(x).into(), cell.zeros(&tape, B), &mut outputs);
    let block = found(&store, &tape, x, &outputs);
    let steps: Vec<_> =
        unroll(&cell, p, &Input::Dense(x), cell.zeros(&tape, B)).map(State::output).collect();
    for (block, steps) in block.iter().zip(found(&store, &tape, x, &steps)) {
        approx::assert_relative_eq!(*block, steps, max_relative = 1e-12, epsilon = 1e-15);
    }
    assert_eq!(
        tape.stack(&outputs).value(),
        tape.stack(&steps).value(),
        "values have the same bits"
    );
}

#[test]
fn windows_go_on_with_the_masks_of_the_whole() {
    let mut store = ParamStore::new();
    let cell = two(&mut store);
    let values = |truncation, block: usize| {
        let tape = Tape::new();
        let mut run = Unrolling::new(&tape, &cell, truncation, cell.zeros(&tape, B));
        let mut outputs = Vec::new();
        for first in (0..T).step_by(block) {
            let xs = inputs().slice_axis(Axis(0), Slice::from(first..first + block)).to_owned();
            let p = store.bind(&tape).training(5);
            let block = run.advance(p, Input::Dense(tape.constant(xs)));
            outputs.extend(block.outputs.value().outer_iter().map(|y| y.to_owned()));
            run.backward(block.outputs.sum()).unwrap();
        }
        outputs
    };
    let whole = values(Truncation::Full, T);
    assert_eq!(values(Truncation::Window(Window::new(2, 2).unwrap()), 2), whole);
    assert_eq!(values(Truncation::Window(Window::new(2, 5).unwrap()), 2), whole);
}

/// `[h, c] ↦ [h′, c′]`, side by side.
fn step<'t>(
    cell: &Everything,
    p: Bound<'t, '_, f64>,
    x: Var<'t, f64>,
    state: Var<'t, f64>,
) -> Var<'t, f64> {
    let x = cell.project(p, Input::Dense(x));
    let (h, c) = cell.step(p, x, (state.slice(1, 0..H), state.slice(1, H..2 * H)));
    p.tape().concat(1, &[h, c])
}

#[test]
fn a_recomputation_repeats_the_masks() {
    let mut store = ParamStore::new();
    let cell = Arc::new(everything(&mut store, "rnn", X, 10));
    let store = Arc::new(store);
    let run = |checkpoint: bool| {
        let tape = Tape::new();
        let x = tape.leaf(inputs());
        let (mut state, mut outputs) = (tape.zeros(&[B, 2 * H]), Vec::new());
        for t in 0..T {
            let x = x.select(0, t);
            state = if checkpoint {
                let (cell, store) = (Arc::clone(&cell), Arc::clone(&store));
                tape.checkpoint(&[x, state], move |tape, v| {
                    step(&cell, store.bind(tape).training(5).at(t), v[0], v[1])
                })
            } else {
                step(&cell, store.bind(&tape).training(5).at(t), x, state)
            };
            outputs.push(state);
        }
        found(&store, &tape, x, &outputs)
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn without_training_nothing_happens_by_chance() {
    let mut store = ParamStore::new();
    let mut cell = everything(&mut store, "rnn", X, 10);
    (cell.cell.h, cell.cell.c) = (0.0, 0.0);
    let plain = cell.cell.cell.cell.clone();
    let tape = Tape::new();
    let p = store.bind(&tape);
    assert_eq!(outputs(&cell, p).value(), outputs(&plain, p).value());
    assert_ne!(outputs(&cell, p.training(1)).value(), outputs(&plain, p).value());
}

#[test]
fn a_unit_that_is_zoned_out_keeps_its_value_and_in_use_the_mean_is_taken() {
    let mut store = ParamStore::new();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let cell = Elman::new(&mut store, "rnn", (X, 50), &Uniform::recurrent(4), &mut rng).unwrap();
    let zoned = Zoneout { cell: cell.clone(), h: 0.3, c: 0.0, key: 1 };
    let tape = Tape::new();
    let (p, x) = (store.bind(&tape), tape.constant(inputs().index_axis(Axis(0), 0)));
    let before = tape.constant(Array2::from_shape_fn((B, 50), |(b, i)| ((b + 3 * i) as f64).cos()));
    let x = cell.project(p, Input::Dense(x));
    let after = cell.step(p, x, before).value();
    let mixed = zoned.step(p.training(9), x, before).value();
    let kept = mixed.iter().zip(&before.value()).filter(|(y, old)| y == old).count();
    let new = mixed.iter().zip(&after).filter(|(y, new)| y == new).count();
    assert_eq!(kept + new, 150, "each is the one or the other, to the bit");
    assert!((28..=62).contains(&kept), "{kept}: 45 and three standard deviations");
    let mean = &after * 0.7 + &before.value() * 0.3;
    approx::assert_relative_eq!(zoned.step(p, x, before).value(), mean, max_relative = 1e-12);
}

#[test]
fn dropped_weights_are_the_same_at_every_step_and_get_no_gradient() {
    let mut store = ParamStore::new();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let cell = Elman::new(&mut store, "rnn", (X, H), &Uniform::recurrent(4), &mut rng).unwrap();
    let weights = [cell.u].into_iter().collect();
    let dropped = DropConnect { cell: cell.clone(), weights, rate: 0.5, key: 1 };
    let (tape, other) = (Tape::new(), Tape::new());
    let with = outputs(&dropped, store.bind(&tape).training(4));
    let gradient = &tape.backward(with.sum())[cell.u];
    let gone = gradient.iter().filter(|g| **g == 0.0).count();
    assert!((1..16).contains(&gone), "{gradient}");
    // With those weights at 0 and the others doubled, the plain cell does the same at every step.
    let mut masked = store.clone();
    masked.get_mut(cell.u).zip_mut_with(gradient, |u, g| *u *= if *g == 0.0 { 0.0 } else { 2.0 });
    assert_eq!(with.value(), outputs(&cell, masked.bind(&other)).value());
}

#[test]
fn dropout_stands_between_layers_and_leaves_padding_zero() {
    let mut store = ParamStore::new();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut cell = |name, inputs| {
        Elman::new(&mut store, name, (inputs, H), &Uniform::recurrent(4), &mut rng).unwrap()
    };
    let (lower, upper) = (cell("lower", X), cell("upper", H));
    let dropout = Dropout { rate: 0.5, key: 1, mask: Mask::EachStep };
    let stack =
        Stack::new().then(Recurrent(lower.clone())).then(dropout).then(Recurrent(upper.clone()));
    assert_eq!((stack.width(X), stack.state_widths().len()), (H, 2));
    let as_cell = Stacked::new(lower, Dropped { cell: upper, input: Some(dropout), state: None });
    let tape = Tape::new();
    let xs = Sequence::time_major(Input::Dense(tape.constant(inputs())));
    let xs = xs.with_lengths(&[6, 0, 3]).unwrap();
    let p = store.bind(&tape).training(2);
    let run = stack.run(p, &xs, &stack.zero_states(&tape, B));
    let cells = Recurrent(as_cell).run(p, &xs, &stack.zero_states(&tape, B));
    assert_eq!(run.outputs.value(), cells.outputs.value());
    assert!(run.outputs.value().select(Axis(1), &[1]).iter().all(|y| y.to_bits() == 0));
}

#[test]
fn a_tied_table_is_read_twice_and_gets_both_gradients() {
    let mut store = ParamStore::<f64>::new();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let embedding =
        Embedding::new(&mut store, "e", (5, H), &Uniform::recurrent(4), &mut rng).unwrap();
    let tied = Tied::new(&mut store, "out", &embedding).unwrap();
    let tape = Tape::new();
    let p = store.bind(&tape);
    let Input::Dense(h) = embedding.look_up(p, &[3], 1) else { unreachable!() };
    let scores = tied.forward(p, h);
    assert_eq!(scores.shape()[..], [1, 1, 5]);
    let e = store.get(embedding.table).clone().into_dimensionality::<ndarray::Ix2>().unwrap();
    let expected = e.dot(&e.row(3));
    approx::assert_relative_eq!(
        scores.value().into_shape_with_order(5).unwrap(),
        expected,
        max_relative = 1e-12
    );
    // The score of class 3 is |e₃|², whose gradient is 2 e₃.
    let gradients = tape.backward(scores.select(2, 3).sum());
    let table = &gradients[embedding.table];
    approx::assert_relative_eq!(
        table.index_axis(Axis(0), 3).to_owned(),
        (&e.row(3) * 2.0).into_dyn(),
        max_relative = 1e-12
    );
    assert_eq!(gradients[tied.c.unwrap()], arr1(&[0.0, 0.0, 0.0, 1.0, 0.0]).into_dyn());
}
