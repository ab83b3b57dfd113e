//! A step as one node is the step in its parts; and what the parts show can be watched.

use crate::zoo;
use ndarray::ArrayD;
use rnn::{Bound, Cell, Gru, Lstm, ParamStore, State, cells, init::Uniform};
use std::collections::BTreeMap;
use tape::{Tape, Var};
use zoo::{BATCH, HIDDEN, INPUTS, Visit, leaves, loss, states, waves};

/// Outputs and last state, and the gradients of all that they depend on.
#[derive(Default)]
struct Found {
    values: Vec<ArrayD<f64>>,
    gradients: BTreeMap<String, ArrayD<f64>>,
}

fn found<C: Cell<f64>>(
    store: &ParamStore<f64>,
    cell: &C,
    step: impl for<'t> Fn(Bound<'t, '_, f64>, Var<'t, f64>, C::State<'t>) -> C::State<'t>,
) -> Found {
    let (tape, mut found) = (Tape::new(), Found::default());
    let p = store.bind(&tape);
    let (xs, start) = leaves(&tape, cell);
    let states = states(cell, p, xs, start, |x, state| step(p, x, state));
    let outputs: Vec<_> = states.iter().map(|state| state.output()).collect();
    let last = *states.last().unwrap();
    found.values.extend(outputs.iter().map(|h| h.value()));
    let gradients = tape.backward(loss::<f64, C>(&tape, &outputs, last));
    for (id, name, _) in store.iter() {
        found.gradients.insert(name.into(), gradients[id].clone());
    }
    found.gradients.insert("xs".into(), gradients[xs].clone());
    let mut part = 0;
    let _ = start.map(&mut |var| {
        part += 1;
        found.gradients.insert(format!("start {part}"), gradients[var].clone());
        var
    });
    let _ = last.map(&mut |part| {
        found.values.push(part.value());
        part
    });
    found
}

struct Compare {
    cells: usize,
}

impl Visit<f64> for Compare {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        self.cells += 1;
        let one = found(&store, cell, |p, x, s| cell.step(p, x, s));
        let many = found(&store, cell, |p, x, s| cell.step_in_parts(p, x, s, &mut |_, _| {}));
        for (one, many) in one.values.iter().zip(&many.values) {
            let error = (one - many).mapv(f64::abs).into_iter().fold(0.0, f64::max);
            assert!(error <= 1e-15, "{name}: values part by {error:e}");
        }
        for (which, one) in &one.gradients {
            let many = &many.gradients[which];
            let scale = many.iter().fold(1e-3, |max: f64, g| max.max(g.abs()));
            let error = (one - many).mapv(f64::abs).into_iter().fold(0.0, f64::max);
            assert!(error <= 1e-12 * scale, "{name}: gradients of {which} part by {error:e}");
            let dead = one.iter().all(|&g| g == 0.0);
            assert!(!dead || name.contains("ThresholdedRelu"), "{name}: {which} learns nothing");
        }
    }
}

#[test]
fn a_step_as_one_node_is_the_step_in_its_parts() {
    let mut compare = Compare { cells: 0 };
    zoo::every_cell(&zoo::wave, &mut compare);
    assert_eq!(compare.cells, (64 + 11) + (8 + 22) + 1 + 4 + 22);
}

/// One step of a cell in parts; every part and the state it ends in.
type Shown<'t> = BTreeMap<&'static str, Var<'t, f64>>;

fn watched<'t, C: Cell<f64>>(
    cell: &C,
    p: Bound<'t, '_, f64>,
    state: C::State<'t>,
) -> (Shown<'t>, C::State<'t>) {
    let xs = p.tape().leaf(waves::<f64>(&[1, BATCH, INPUTS], 2000));
    let x = cell.project(p, rnn::Input::Dense(xs)).select(0, 0);
    let mut shown = Shown::new();
    let state = cell.step_in_parts(p, x, state, &mut |name, var| {
        assert!(shown.insert(name, var.watch()).is_none(), "{name} was shown twice");
    });
    (shown, state)
}

#[track_caller]
fn assert_close(got: &ArrayD<f64>, want: ArrayD<f64>, what: &str) {
    let error = (got - &want).mapv(f64::abs).into_iter().fold(0.0, f64::max);
    assert!(error < 1e-14, "{what}: {got} for {want}");
    assert!(want.iter().all(|&x| x != 0.0), "{what} is not put to the test");
}

#[test]
fn the_gates_of_an_lstm_can_be_watched() {
    let mut store = ParamStore::new();
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
    let (sizes, form) = ((INPUTS, HIDDEN), cells::lstm::Form::default());
    let cell =
        Lstm::new(&mut store, "cell", sizes, form, &Uniform { bound: 0.8 }, &mut rng).unwrap();
    let tape = Tape::new();
    let start = leaves(&tape, &cell).1;
    let (shown, (h, c)) = watched(&cell, store.bind(&tape), start);
    let (dh, dc) = (waves::<f64>(&[BATCH, HIDDEN], 10), waves::<f64>(&[BATCH, HIDDEN], 20));
    let loss = (h * tape.constant(&dh)).sum() + (c * tape.constant(&dc)).sum();
    let gradients = tape.backward(loss);
    let value = |name: &str| shown[name].value();
    // The equations of the derivation on paper, for one step.
    let squashed = c.value().mapv(f64::tanh);
    let dc = dc + &dh * value("o") * squashed.mapv(|t| 1.0 - t * t);
    assert_close(&gradients[shown["o"]], &dh * &squashed, "o");
    assert_close(&gradients[shown["c"]], dc.clone(), "c");
    assert_close(&gradients[shown["i"]], &dc * value("g"), "i");
    assert_close(&gradients[shown["f"]], &dc * start.1.value(), "f");
    assert_close(&gradients[shown["g"]], &dc * value("i"), "g");
}

#[test]
fn the_gates_of_a_gru_can_be_watched() {
    let mut store = ParamStore::new();
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
    let (sizes, form) = ((INPUTS, HIDDEN), cells::gru::Form::default());
    let cell =
        Gru::new(&mut store, "cell", sizes, form, &Uniform { bound: 0.8 }, &mut rng).unwrap();
    let tape = Tape::new();
    let start = leaves(&tape, &cell).1;
    let p = store.bind(&tape);
    let (shown, h) = watched(&cell, p, start);
    let dh = waves::<f64>(&[BATCH, HIDDEN], 10);
    let gradients = tape.backward((h * tape.constant(&dh)).sum());
    let (r, z, n) = (shown["r"], shown["z"], shown["n"]);
    assert_close(&gradients[z], &dh * (start.value() - n.value()), "z");
    assert_close(&gradients[n], &dh * z.value().mapv(|z| 1.0 - z), "n");
    let s = start.matmul_columns(p.var(cell.u), 2 * HIDDEN..3 * HIDDEN) + p.var(cell.b_n.unwrap());
    let da = &gradients[n] * n.value().mapv(|n| 1.0 - n * n);
    assert_close(&gradients[r], da * s.value(), "r");
}

#[test]
fn every_cell_shows_its_gates_in_their_order() {
    struct Names(BTreeMap<String, Vec<&'static str>>);
    impl Visit<f64> for Names {
        fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
            let tape = Tape::new();
            let start = leaves(&tape, cell).1;
            let xs = tape.leaf(waves::<f64>(&[1, BATCH, INPUTS], 2000));
            let p = store.bind(&tape);
            let x = cell.project(p, rnn::Input::Dense(xs)).select(0, 0);
            let mut names = Vec::new();
            cell.step_in_parts(p, x, start, &mut |name, _| names.push(name));
            let kind = name.split([' ', ',']).next().unwrap();
            let first = self.0.entry(kind.into()).or_insert_with(|| names.clone());
            assert_eq!(*first, names, "{name}");
        }
    }
    let mut names = Names(BTreeMap::new());
    zoo::every_cell(&zoo::wave, &mut names);
    let want: [(&str, &[&str]); 7] = [
        ("diagonal", &["a"]),
        ("elman", &["a"]),
        ("gru", &["r", "z", "n"]),
        ("indrnn", &["a"]),
        ("jordan", &["a", "h"]),
        ("lstm", &["i", "f", "g", "c", "o"]),
        ("mgu", &["f", "n"]),
    ];
    let got: Vec<_> = names.0.iter().map(|(kind, names)| (&**kind, &**names)).collect();
    assert_eq!(got, want);
}
