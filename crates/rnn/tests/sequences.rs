//! Rows of unequal lengths in one batch, read from either end.

use ndarray::{Array3, ArrayD, ArrayViewD, Axis, Slice, s};
use rand::SeedableRng;
use rnn::{
    Cell, Elman, InitialState, Input, ParamStore, Sequence, Stacked,
    init::Uniform,
    layers::{Bidirectional, Highway, Layer, Merge, Recurrent, Residual, Run, Stack},
};
use tape::{ParamId, Tape, Var};

const LENGTHS: [usize; 5] = [3, 0, 5, 1, 2];
const T: usize = 5;
const B: usize = 5;
const X: usize = 3;
const ROWS: [usize; B] = [0, 1, 2, 3, 4];

fn inputs() -> Array3<f64> {
    Array3::from_shape_fn((T, B, X), |(t, b, i)| {
        (1.0 + 2.3 * t as f64 + 1.7 * b as f64 + i as f64).sin()
    })
}

/// A new cell for inputs and outputs of the given widths.
fn cell(store: &mut ParamStore<f64>, inputs: usize, hidden: usize) -> Elman<f64> {
    let seed = store.len();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed as u64);
    Elman::new(store, &seed.to_string(), (inputs, hidden), &Uniform::recurrent(4), &mut rng)
        .unwrap()
}

/// A layer of each kind, each for inputs of width X.
fn layers(store: &mut ParamStore<f64>) -> Vec<(&'static str, Box<dyn Layer<f64>>)> {
    let mut plain = |hidden| Recurrent(cell(store, X, hidden));
    let both = |store: &mut _, merge| {
        Bidirectional::new(Recurrent(cell(store, X, X)), Recurrent(cell(store, X, X)), merge)
    };
    let (one, residual, gated, inner) = (plain(4), plain(X), plain(X), plain(X));
    let stacked = |store: &mut _, hidden| {
        Recurrent(Stacked::new(cell(store, X, hidden), cell(store, hidden, X)))
    };
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
    let init = Uniform::recurrent(4);
    let mixed = Bidirectional::new(Residual::new(inner), stacked(store, 2), Merge::Sum);
    let stack = Stack::new()
        .then(both(store, Merge::Concat))
        .then(Recurrent(cell(store, 2 * X, X)))
        .then(mixed);
    vec![
        ("a cell", Box::new(one)),
        ("stacked cells", Box::new(stacked(store, 4))),
        ("side by side", Box::new(both(store, Merge::Concat))),
        ("summed", Box::new(both(store, Merge::Sum))),
        ("averaged", Box::new(both(store, Merge::Mean))),
        ("multiplied", Box::new(both(store, Merge::Product))),
        ("residual", Box::new(Residual::new(residual))),
        (
            "highway",
            Box::new(Highway::new(store, "gate", (gated, X), -1.0, &init, &mut rng).unwrap()),
        ),
        ("a stack", Box::new(stack)),
    ]
}

/// What a run over some rows gives: outputs, final states, and the gradients of the inputs, of the initial states and of all
/// parameters, for a loss that weighs every output and every state differently.
struct Found {
    outputs: ArrayD<f64>,
    states: Vec<ArrayD<f64>>,
    dx: ArrayD<f64>,
    ds: Vec<ArrayD<f64>>,
    dp: Vec<ArrayD<f64>>,
}

/// Weighs element `[t, b, i]` of rows that are called `rows`.
fn weighed<'t>(y: Var<'t, f64>, rows: &[usize]) -> Var<'t, f64> {
    let shape = y.shape();
    let axis = shape.len() - 2;
    let weights = ArrayD::from_shape_fn(shape.to_vec(), |at| {
        let t = if axis == 1 { at[0] } else { 9 };
        (0.7 + 1.1 * t as f64 + 2.9 * rows[at[axis]] as f64 + 0.3 * at[axis + 1] as f64).cos()
    });
    (y * y.tape().constant(weights)).sum()
}

/// A loss that weighs every output and every state of rows so called differently.
fn loss<'t>(run: &Run<'t, f64>, rows: &[usize]) -> Var<'t, f64> {
    let outputs = weighed(run.outputs, rows);
    run.states.iter().fold(outputs, |loss, s| loss + weighed(*s, rows))
}

fn find(
    layer: &dyn Layer<f64>,
    store: &ParamStore<f64>,
    x: &Array3<f64>,
    rows: &[usize],
    lengths: Option<&[usize]>,
) -> Found {
    let tape = Tape::new();
    let x = tape.leaf(x);
    let mut xs = Sequence::time_major(Input::Dense(x));
    if let Some(lengths) = lengths {
        xs = xs.with_lengths(lengths).unwrap();
    }
    let start: Vec<_> = (layer.state_widths().iter().enumerate())
        .map(|(part, &width)| {
            let value = |[r, i]: [usize; 2]| ((part + 2 * rows[r]) as f64 + 0.4 * i as f64).sin();
            tape.leaf(ndarray::Array2::from_shape_fn((rows.len(), width), |(r, i)| value([r, i])))
        })
        .collect();
    let run = layer.run(store.bind(&tape), &xs, &start);
    let gradients = tape.backward(loss(&run, rows));
    let Run { outputs, states } = run;
    let of = |id: ParamId| gradients.param(id).cloned().unwrap_or_else(|| store.get(id) * 0.0);
    Found {
        outputs: outputs.value(),
        states: states.iter().map(|s| s.value()).collect(),
        dx: gradients[x].clone(),
        ds: start.iter().map(|s| gradients[*s].clone()).collect(),
        dp: store.ids().map(of).collect(),
    }
}

/// Row `r` of inputs, up to its length.
fn row(x: &Array3<f64>, r: usize, length: usize) -> Array3<f64> {
    x.slice_axis(Axis(0), Slice::from(..length)).select(Axis(1), &[r])
}

/// The inputs with what no number is at padding.
fn padded() -> Array3<f64> {
    let mut x = inputs();
    for (r, &length) in LENGTHS.iter().enumerate() {
        x.slice_mut(s![length.., r, ..]).fill(f64::NAN);
    }
    x
}

#[track_caller]
fn assert_same_bits(a: ArrayViewD<'_, f64>, b: ArrayViewD<'_, f64>, what: &str) {
    assert_eq!(a.shape(), b.shape(), "{what}");
    assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{what}: {a} {b}");
}

#[test]
fn a_padded_row_is_that_row_alone_to_the_bit() {
    let mut store = ParamStore::new();
    for (name, layer) in layers(&mut store) {
        let found = find(&*layer, &store, &padded(), &ROWS, Some(&LENGTHS));
        let mut sums: Vec<ArrayD<f64>> = found.dp.iter().map(|g| g * 0.0).collect();
        for (r, &length) in LENGTHS.iter().enumerate() {
            let alone = find(&*layer, &store, &row(&inputs(), r, length), &[r], None);
            let own = |y: &ArrayD<f64>, axis| y.select(Axis(axis), &[r]);
            let y = own(&found.outputs, 1);
            let (valid, padding) = y.view().split_at(Axis(0), length);
            assert_same_bits(valid, alone.outputs.view(), name);
            assert!(padding.iter().all(|&y| y.to_bits() == 0), "{name}: {padding}");
            for (both, alone) in found.states.iter().zip(&alone.states) {
                assert_same_bits(own(both, 0).view(), alone.view(), name);
            }
            let dx = own(&found.dx, 1);
            let (valid, padding) = dx.view().split_at(Axis(0), length);
            assert_eq!(valid, alone.dx, "{name}"); // equal numbers: a zero may have either sign
            assert!(padding.iter().all(|&dx| dx == 0.0), "{name}: {padding}");
            for (both, alone) in found.ds.iter().zip(&alone.ds) {
                assert_eq!(own(both, 0), alone, "{name}");
            }
            sums.iter_mut().zip(&alone.dp).for_each(|(sum, g)| *sum += g);
        }
        for (sum, all) in sums.iter().zip(&found.dp) {
            approx::assert_relative_eq!(sum, all, epsilon = 1e-14, max_relative = 1e-12);
        }
    }
}

#[test]
fn a_row_with_padding_behind_it_changes_no_bit_of_any_gradient() {
    let mut store = ParamStore::new();
    for (name, layer) in layers(&mut store) {
        let alone = find(&*layer, &store, &row(&inputs(), 0, 3), &[0], None);
        let padded = find(&*layer, &store, &row(&padded(), 0, T), &[0], Some(&[3]));
        for (padded, alone) in padded.dp.iter().zip(&alone.dp) {
            assert_eq!(padded, alone, "{name}");
        }
    }
}

#[test]
fn the_backward_direction_begins_at_each_rows_own_end() {
    let mut store = ParamStore::new();
    let cell = cell(&mut store, X, 4);
    let tape = Tape::new();
    let (p, x) = (store.bind(&tape), tape.constant(padded()));
    let xs = Sequence::time_major(Input::Dense(x)).with_lengths(&LENGTHS).unwrap();
    let mut outputs = Vec::new();
    cell.run(p, &xs.reversed(), cell.zeros(&tape, B), &mut outputs);
    for (r, &length) in LENGTHS.iter().enumerate() {
        let flipped = tape.constant(row(&inputs(), r, length)).flip(&[0]);
        let mut alone = Vec::new();
        cell.run(p, &Input::Dense(flipped).into(), cell.zeros(&tape, 1), &mut alone);
        for (t, h) in alone.iter().rev().enumerate() {
            assert_eq!(outputs[t].value().select(Axis(0), &[r]), h.value(), "{r} {t}");
        }
    }
}

#[test]
fn a_step_in_which_no_row_has_ended_adds_no_node() {
    let mut store = ParamStore::new();
    let cell = cell(&mut store, X, 4);
    let nodes = |lengths: &[usize]| {
        let tape = Tape::new();
        let x = Input::Dense(tape.constant(inputs()));
        let xs = Sequence::time_major(x);
        let xs = if lengths.is_empty() { xs } else { xs.with_lengths(lengths).unwrap() };
        Recurrent(cell.clone()).run(store.bind(&tape), &xs, &[cell.zeros(&tape, B)]);
        tape.len()
    };
    let whole = nodes(&[]);
    assert_eq!(nodes(&[T; B]), whole);
    // Inputs and outputs are cleared, and one step is held: flags and a choice for each.
    assert_eq!(nodes(&[T, T - 1, T, T, T]), whole + 6);
    // A step that no row makes is left out: its select and its step.
    assert_eq!(nodes(&[T - 1; B]), whole + 4 - 2);
}

#[test]
fn a_batch_major_sequence_is_the_time_major_one() {
    let tape = Tape::new();
    let x = inputs();
    let swapped = x.view().permuted_axes([1, 0, 2]);
    let xs = Sequence::batch_major(tape.constant(swapped)).with_lengths(&LENGTHS).unwrap();
    let other = Sequence::time_major(Input::Dense(tape.constant(&x)));
    let other = other.with_lengths(&LENGTHS).unwrap();
    assert_eq!((xs.steps(), xs.batch()), (T, B));
    assert_eq!(xs.dense(&tape).value(), other.dense(&tape).value());
}

#[test]
fn classes_are_read_as_the_rows_that_they_stand_for() {
    let mut store = ParamStore::new();
    let indices: Vec<usize> = (0..T * B).map(|k| (k * k + k / 3) % X).collect();
    for (name, layer) in layers(&mut store) {
        let tape = Tape::new();
        let (p, start) = (store.bind(&tape), layer.zero_states(&tape, B));
        let classes = Input::one_hot(&indices, B, X);
        let dense = Input::Dense(classes.dense(&tape));
        let run = |input| {
            let xs = Sequence::time_major(input).with_lengths(&LENGTHS).unwrap();
            layer.run(p, &xs, &start).outputs.value()
        };
        assert_eq!(run(classes), run(dense), "{name}");
    }
}

#[test]
fn layers_compute_what_their_formulas_say() {
    let mut store = ParamStore::new();
    let (a, b) = (Recurrent(cell(&mut store, X, X)), Recurrent(cell(&mut store, X, X)));
    let (init, mut rng) = (Uniform::recurrent(4), rand_chacha::ChaCha8Rng::seed_from_u64(5));
    let highway = Highway::new(&mut store, "gate", (a.clone(), X), -1.0, &init, &mut rng).unwrap();
    assert_eq!(store.get(highway.gate.c.unwrap()), &ArrayD::from_elem(vec![X], -1.0));
    let tape = Tape::new();
    let p = store.bind(&tape);
    let xs = Sequence::time_major(Input::Dense(tape.constant(inputs())));
    let xs = xs.with_lengths(&LENGTHS).unwrap();
    let outputs = |layer: &dyn Layer<f64>, xs: &Sequence<'_, '_, f64>| {
        let values = layer.run(p, xs, &layer.zero_states(&tape, B)).outputs.value();
        assert_eq!(values.shape(), [T, B, layer.width(X)]);
        values
    };
    let (x, there, back) =
        (xs.dense(&tape).value(), outputs(&a, &xs), outputs(&b, &xs.clone().reversed()));
    let merged = |merge| outputs(&Bidirectional::new(a.clone(), b.clone(), merge), &xs);
    let side_by_side = ndarray::concatenate![Axis(2), there, back];
    assert_eq!(merged(Merge::Concat), side_by_side);
    assert_eq!(merged(Merge::Sum), &there + &back);
    assert_eq!(merged(Merge::Mean), (&there + &back) / 2.0);
    assert_eq!(merged(Merge::Product), &there * &back);
    assert_eq!(outputs(&Residual::new(a.clone()), &xs), &x + &there);
    let z = highway.gate.forward(p, xs.dense(&tape)).value();
    let g = z.mapv(|z| 1.0 / (1.0 + (-z).exp()));
    let expected = &g * &there + &(1.0 - &g) * &x;
    approx::assert_relative_eq!(
        outputs(&highway, &xs),
        expected,
        max_relative = 1e-12,
        epsilon = 1e-15
    );
    assert_eq!(outputs(&Stack::new(), &xs), x, "no layer at all");
}

#[test]
fn a_learned_initial_state_gets_the_sum_over_its_rows() {
    let mut store = ParamStore::new();
    let cell = Stacked::new(cell(&mut store, X, 4), cell(&mut store, 4, 2));
    let initial = InitialState::new(&mut store, "start", &cell.widths()).unwrap();
    assert_eq!(store.name(initial.parts[1]), "start.1");
    let layer = Recurrent(cell.clone());
    let tape = Tape::new();
    let p = store.bind(&tape);
    let xs = Sequence::time_major(Input::Dense(tape.constant(inputs())));
    let xs = xs.with_lengths(&LENGTHS).unwrap();
    let learned = tape.backward(loss(&layer.run(p, &xs, &initial.states(p, B)), &ROWS));
    let leaves: Vec<_> =
        cell.widths().iter().map(|&width| tape.leaf(ndarray::Array2::zeros((B, width)))).collect();
    let given = tape.backward(loss(&layer.run(p, &xs, &leaves), &ROWS));
    for (id, leaf) in initial.parts.iter().zip(leaves) {
        let sum = given[leaf].sum_axis(Axis(0));
        assert!(sum.iter().all(|&g| g != 0.0));
        approx::assert_relative_eq!(learned[*id], sum, max_relative = 1e-12);
    }
}
