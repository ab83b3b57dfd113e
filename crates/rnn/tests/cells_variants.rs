//! What a variant says it is, it is.

use crate::zoo;
use ndarray::{ArrayD, Slice, arr1, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Cell, Diagonal, Gru, IndRnn, Input, Jordan, Lstm, Mgu, ParamStore, cells,
    init::{GlorotUniform, Orthogonal, Uniform, Zeros},
};
use tape::{Tape, Var};
use zoo::{BATCH, HIDDEN, INPUTS, STEPS, waves};

const SIZES: (usize, usize) = (INPUTS, HIDDEN);

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn lstm(form: cells::lstm::Form<f64>) -> rnn::Result<(ParamStore<f64>, Lstm<f64>)> {
    let mut store = ParamStore::new();
    let cell = Lstm::new(&mut store, "cell", SIZES, form, &Uniform::recurrent(HIDDEN), &mut rng())?;
    Ok((store, cell))
}

#[test]
fn a_forget_bias_is_the_whole_of_it() {
    use cells::lstm::Form;
    let (store, cell) = lstm(Form { forget_bias: Some(1.5), ..Form::default() }).unwrap();
    let b = store.get(cell.b.unwrap());
    assert!(b.slice_each_axis(|_| Slice::from(HIDDEN..2 * HIDDEN)).iter().all(|&b| b == 1.5));
    // The other gates begin as they would without it.
    let (plain, cell) = lstm(Form::default()).unwrap();
    let plain = plain.get(cell.b.unwrap());
    for k in (0..HIDDEN).chain(2 * HIDDEN..4 * HIDDEN) {
        assert_eq!(b[k], plain[k]);
    }
    assert!((HIDDEN..2 * HIDDEN).all(|k| plain[k] != 1.5));
}

#[test]
fn parameters_have_the_shapes_and_names_of_their_pages() {
    use cells::lstm::Form;
    let whole =
        Form { peepholes: true, projection: Some(2), layer_norm: Some(1e-5), ..Form::default() };
    for (coupled, g) in [(false, 4), (true, 3)] {
        let (store, cell) = lstm(Form { coupled, ..whole }).unwrap();
        let got: Vec<_> = store.iter().map(|(_, name, x)| (name, x.shape().to_vec())).collect();
        let norm = |part, end| format!("cell.norm.{part}.{end}");
        let names = [norm("input", "gain"), norm("input", "shift"), norm("recurrent", "gain")];
        let more = [norm("recurrent", "shift"), norm("cell", "gain"), norm("cell", "shift")];
        let want = vec![
            ("cell.w", vec![INPUTS, g * HIDDEN]),
            ("cell.u", vec![2, g * HIDDEN]),
            ("cell.b", vec![g * HIDDEN]),
            ("cell.peepholes", vec![(g - 1) * HIDDEN]),
            ("cell.projection", vec![HIDDEN, 2]),
            (&names[0], vec![g * HIDDEN]),
            (&names[1], vec![g * HIDDEN]),
            (&names[2], vec![g * HIDDEN]),
            (&more[0], vec![g * HIDDEN]),
            (&more[1], vec![HIDDEN]),
            (&more[2], vec![HIDDEN]),
        ];
        assert_eq!(got, want);
        assert_eq!(cell.widths()[..], [2, HIDDEN]);
    }
}

#[test]
fn gates_are_drawn_one_by_one() {
    use cells::gru::Form;
    let mut store = ParamStore::<f64>::new();
    let form = Form { bias: false, ..Form::default() };
    let cell =
        Gru::new(&mut store, "cell", SIZES, form, &Orthogonal::default(), &mut rng()).unwrap();
    let u = store.get(cell.u).view().into_dimensionality::<ndarray::Ix2>().unwrap();
    for k in 0..3 {
        let gate = u.slice(s![.., k * HIDDEN..(k + 1) * HIDDEN]);
        let error = gate.t().dot(&gate) - ndarray::Array2::<f64>::eye(HIDDEN);
        assert!(error.iter().all(|e| e.abs() < 1e-12), "gate {k} is not orthogonal");
    }
    // A bound for one gate of [3, 4], not for three of them side by side.
    let bound = f64::sqrt(6.0 / (INPUTS + HIDDEN) as f64);
    let cell =
        Mgu::new(&mut store, "mgu", (INPUTS, HIDDEN), false, &GlorotUniform, &mut rng()).unwrap();
    let widest = store.get(cell.w).iter().fold(0.0, |max: f64, w| max.max(w.abs()));
    assert!(widest <= bound && widest > f64::sqrt(6.0 / (INPUTS + 2 * HIDDEN) as f64));
}

#[test]
fn a_form_that_contradicts_itself_is_refused() {
    use cells::lstm::Form;
    let form = Form::default();
    let coupled = Form { coupled: true, forget_bias: Some(1.0), ..form };
    for (form, text) in [
        (
            coupled,
            "an LSTM with a forget bias, but no forget gate: where the gates are coupled, f = 1 − i",
        ),
        (
            Form { bias: false, forget_bias: Some(1.0), ..form },
            "an LSTM with a forget bias, but no bias",
        ),
        (Form { cell_clip: Some(0.0), ..form }, "an LSTM with a cell clip of 0: "),
        (Form { cell_clip: Some(f64::NAN), ..form }, "an LSTM with a cell clip of NaN: "),
        (Form { layer_norm: Some(-1.0), ..form }, "an LSTM with a layer normalisation with ε = -1"),
    ] {
        let error = lstm(form).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    for decay in [(0.0, 0.5), (0.5, 1.0), (0.9, 0.1), (f64::NAN, 0.5)] {
        let form = cells::diagonal::Form { decay, ..Default::default() };
        let mut store = ParamStore::<f64>::new();
        let error = Diagonal::new(&mut store, "cell", SIZES, form, &Zeros, &mut rng()).unwrap_err();
        assert!(error.to_string().contains("above 0 and below 1"), "{error}");
        assert!(store.is_empty());
    }
}

#[test]
fn a_cell_that_is_clipped_stays_within_its_bounds() {
    use cells::lstm::Form;
    for cell_clip in [None, Some(0.25)] {
        let (mut store, cell) =
            lstm(Form { cell_clip, forget_bias: Some(3.0), ..Form::default() }).unwrap();
        store.get_mut(cell.w).map_inplace(|w| *w *= 4.0);
        let tape = Tape::new();
        let (xs, start) = zoo::leaves(&tape, &cell);
        let p = store.bind(&tape);
        let states = zoo::states(&cell, p, xs, start, |x, state| cell.step(p, x, state));
        let largest =
            states.iter().flat_map(|(_, c)| c.value()).fold(0.0, |max: f64, c| max.max(c.abs()));
        assert_eq!(largest == 0.25, cell_clip.is_some(), "{largest}");
    }
}

#[test]
fn both_conventions_of_the_update_gate_are_one_with_its_sign_turned() {
    use cells::gru::{Form, Update};
    let outputs = |update, sign: f64| {
        let (mut store, form) = (ParamStore::<f64>::new(), Form { update, ..Form::default() });
        let cell =
            Gru::new(&mut store, "cell", SIZES, form, &Uniform::recurrent(HIDDEN), &mut rng())
                .unwrap();
        for id in [cell.w, cell.u, cell.b.unwrap()] {
            let gate = |axis: usize, rank: usize| axis + 1 == rank;
            let rank = store.get(id).ndim();
            store
                .get_mut(id)
                .slice_each_axis_mut(|ax| match gate(ax.axis.index(), rank) {
                    true => Slice::from(HIDDEN..2 * HIDDEN),
                    false => Slice::from(..),
                })
                .map_inplace(|z| *z *= sign);
        }
        let tape = Tape::new();
        let (xs, start) = zoo::leaves(&tape, &cell);
        let p = store.bind(&tape);
        let states = zoo::states(&cell, p, xs, start, |x, state| cell.step(p, x, state));
        states.last().unwrap().value()
    };
    let (keep, replace) = (outputs(Update::Keep, 1.0), outputs(Update::Replace, -1.0));
    assert!((&keep - &replace).iter().all(|d| d.abs() < 1e-15));
    assert!((&keep - &outputs(Update::Replace, 1.0)).iter().any(|d| d.abs() > 1e-3));
}

#[test]
fn a_diagonal_recurrence_decays_between_its_bounds_whatever_is_learned() {
    let mut store = ParamStore::<f64>::new();
    let form = cells::diagonal::Form { bias: false, decay: (0.9, 0.99) };
    let cell = Diagonal::new(&mut store, "cell", (1, 64), form, &Zeros, &mut rng()).unwrap();
    let after = |store: &ParamStore<f64>, steps: usize| {
        let tape = Tape::new();
        let p = store.bind(&tape);
        let x = cell.project(p, Input::Dense(tape.zeros(&[1, 1])));
        let one = tape.constant(ArrayD::from_elem(vec![1, 64], 1.0));
        (0..steps).fold(one, |h, _| cell.step(p, x, h)).value()
    };
    let a = after(&store, 1);
    assert!(a.iter().all(|a| (0.9..0.99).contains(a)) && a[[0, 0]] != a[[0, 1]], "{a}");
    approx::assert_relative_eq!(after(&store, 20), a.mapv(|a| a.powi(20)), max_relative = 1e-13);
    for wild in [-1e3, -30.0, 30.0, 1e3] {
        store.get_mut(cell.nu).fill(wild);
        assert!(after(&store, 100).iter().all(|&h| (0.0..=1.0).contains(&h)));
    }
}

#[test]
fn units_of_an_independent_network_do_not_see_each_other() {
    let mut store = ParamStore::<f64>::new();
    let form = cells::indrnn::Form::default();
    let cell =
        IndRnn::new(&mut store, "cell", SIZES, form, &Uniform::recurrent(4), &mut rng()).unwrap();
    store.get_mut(cell.b.unwrap()).fill(2.0); // all awake
    let tape = Tape::new();
    let p = store.bind(&tape);
    let h = tape.leaf(waves::<f64>(&[1, HIDDEN], 7));
    let x = tape.zeros(&[1, INPUTS]);
    let y = cell.step(p, cell.project(p, Input::Dense(x)), h);
    for unit in 0..HIDDEN {
        let gradient = tape.backward(y.select(1, unit).sum())[h].clone();
        let mut want = ArrayD::zeros(vec![1, HIDDEN]);
        want[[0, unit]] = store.get(cell.u)[unit];
        assert_eq!(gradient, want);
    }
}

/// A network whose last output depends on its first input, if anything travels through time.
fn jordan() -> (ParamStore<f64>, Jordan<f64>) {
    let mut store = ParamStore::new();
    let form = cells::jordan::Form { output: Activation::Sigmoid, ..Default::default() };
    let sizes = (INPUTS, HIDDEN, 2);
    let cell =
        Jordan::new(&mut store, "cell", sizes, form, &Uniform { bound: 0.8 }, &mut rng()).unwrap();
    (store, cell)
}

#[test]
fn a_taught_network_has_no_gradient_through_time() {
    let (store, cell) = jordan();
    let tape = Tape::new();
    let p = store.bind(&tape);
    let (xs, start) = zoo::leaves(&tape, &cell);
    let targets = tape.leaf(waves::<f64>(&[STEPS, BATCH, 2], 50));
    let taught = cell.taught(p, Input::Dense(xs), start, targets);
    assert_eq!(taught.shape()[..], [STEPS, BATCH, 2]);
    let free = zoo::states(&cell, p, xs, start, |x, y| cell.step(p, x, y));
    let reach = |last: Var<'_, f64>| {
        let gradients = tape.backward(last.square().sum());
        assert!(gradients[targets].iter().all(|&g| g == 0.0), "a target is given");
        (0..STEPS).filter(|&t| gradients[xs].slice(s![t, .., ..]).iter().any(|&g| g != 0.0)).count()
    };
    assert_eq!(reach(taught.select(0, STEPS - 1)), 1);
    assert_eq!(reach(free[STEPS - 1]), STEPS);
    assert_ne!(tape.backward(taught.sum())[start], ArrayD::<f64>::zeros(vec![BATCH, 2]));
}

#[test]
fn a_network_taught_its_own_outputs_gives_them() {
    let (store, cell) = jordan();
    let tape = Tape::new();
    let p = store.bind(&tape);
    let (xs, start) = zoo::leaves(&tape, &cell);
    let free = tape.stack(&zoo::states(&cell, p, xs, start, |x, y| cell.step(p, x, y)));
    let taught = cell.taught(p, Input::Dense(xs), start, free);
    assert_eq!(taught.value(), free.value());
    let none = tape.zeros(&[0, BATCH, 2]);
    let no_steps = Input::Dense(tape.zeros(&[0, BATCH, INPUTS]));
    assert_eq!(cell.taught(p, no_steps, start, none).shape()[..], [0, BATCH, 2]);
}

#[test]
fn what_a_taught_network_makes_of_its_inputs_is_let_go() {
    let (store, cell) = jordan();
    let tape = Tape::new();
    let steps = 4096; // so many that it is worth it
    let [xs, start, targets] =
        [&[steps, 1, INPUTS][..], &[1, 2], &[steps, 1, 2]].map(|shape| tape.zeros(shape));
    let taught = cell.taught(store.bind(&tape), Input::Dense(xs), start, targets);
    let rows = tape.table().rows().filter(|row| row.value.is_empty());
    assert_eq!(rows.map(|row| row.shape.to_vec()).collect::<Vec<_>>(), [[steps, 1, HIDDEN]]);
    let u = tape.backward(taught.sum()).param(cell.u).map(|du| du.len());
    assert_eq!(u, Some(2 * HIDDEN));
}

#[test]
fn squashes_have_the_values_that_onnx_gives_them() {
    let tape = Tape::<f64>::new();
    let a = tape.leaf(arr1(&[-4.0, -1.0, 0.5, 4.0]));
    let e = f64::exp;
    let is = |f: Activation<f64>, want: [f64; 4]| {
        let got = f.of(a).value();
        assert!((&got - &arr1(&want)).iter().all(|d| d.abs() < 1e-15), "{f:?}: {got}");
    };
    is(Activation::Affine { alpha: 2.0, beta: 1.0 }, [-7.0, -1.0, 2.0, 9.0]);
    is(Activation::HardSigmoid { alpha: 0.2, beta: 0.5 }, [0.0, 0.3, 0.6, 1.0]);
    is(Activation::LeakyRelu { alpha: 0.1 }, [-0.4, -0.1, 0.5, 4.0]);
    is(Activation::ThresholdedRelu { alpha: 0.5 }, [0.0, 0.0, 0.0, 4.0]);
    is(Activation::Elu { alpha: 2.0 }, [2.0 * (e(-4.0) - 1.0), 2.0 * (e(-1.0) - 1.0), 0.5, 4.0]);
    is(Activation::Softsign, [-0.8, -0.5, 1.0 / 3.0, 0.8]);
    is(Activation::Softplus, [-4.0, -1.0, 0.5, 4.0].map(|a: f64| (1.0 + e(a)).ln()));
    is(
        Activation::ScaledTanh { alpha: 1.5, beta: 0.5 },
        [-4.0, -1.0, 0.5, 4.0].map(|a: f64| 1.5 * (0.5 * a).tanh()),
    );
    assert_eq!(format!("{:?}", Activation::<f64>::Elu { alpha: 2.0 }), "Elu(2)");
}

#[test]
fn layer_normalisation_does_not_see_how_large_a_weight_is() {
    use cells::lstm::Form;
    let outputs = |scale: f64, layer_norm| {
        let form = Form { layer_norm, ..Form::default() };
        let (mut store, cell) = lstm(form).unwrap();
        for id in [cell.w, cell.u] {
            store.get_mut(id).map_inplace(|w| *w *= scale);
        }
        let tape = Tape::new();
        let (xs, start) = zoo::leaves(&tape, &cell);
        let p = store.bind(&tape);
        let states = zoo::states(&cell, p, xs, start, |x, state| cell.step(p, x, state));
        states.last().unwrap().0.value()
    };
    let apart = |norm| {
        (outputs(1.0, norm) - outputs(7.0, norm)).mapv(f64::abs).into_iter().fold(0.0, f64::max)
    };
    assert!(apart(Some(0.0)) < 1e-13);
    assert!(apart(None) > 1e-2);
}
