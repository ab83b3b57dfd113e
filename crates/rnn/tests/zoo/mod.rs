//! Every cell in every variant, with parameters that are given by number.

#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // a test may

use ndarray::{ArrayD, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Bound, Cell, Diagonal, Elman, Gru, IndRnn, Input, Jordan, Lstm, Mgu, ParamStore,
    State, cells, init::Uniform,
};
use tape::{Real, Tape, Var};

pub(crate) const INPUTS: usize = 3;
pub(crate) const HIDDEN: usize = 4;
pub(crate) const BATCH: usize = 2;
pub(crate) const STEPS: usize = 5;

/// What is done with each cell.
pub(crate) trait Visit<T: Real> {
    fn visit<C: Cell<T>>(&mut self, name: &str, store: ParamStore<T>, cell: &C);
}

/// The `k`th number of all.
pub(crate) fn wave(k: usize) -> f64 {
    0.9 * f64::sin((k * k) as f64 + 0.3 * k as f64)
}

pub(crate) fn waves<T: Real>(shape: &[usize], from: usize) -> ArrayD<T> {
    let mut k = from;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1;
        T::of(wave(k))
    })
}

/// Squashes that formulas have no instruction for, and some that they have.
pub(crate) fn squashes<T: Real>() -> [Activation<T>; 11] {
    [
        Activation::Identity,
        Activation::Relu,
        Activation::Affine { alpha: 0.7, beta: 0.1 },
        Activation::ScaledTanh { alpha: 1.7, beta: 0.6 },
        Activation::HardSigmoid { alpha: 0.2, beta: 0.5 },
        Activation::Softsign,
        Activation::Softplus,
        Activation::Elu { alpha: 0.8 },
        Activation::LeakyRelu { alpha: 0.1 },
        Activation::ThresholdedRelu { alpha: 0.2 },
        Activation::Custom(|a| a.sin()),
    ]
}

/// Shows every cell in every variant; its parameters are `number(0)`, `number(1)`, …
pub(crate) fn every_cell<T: Real>(number: &dyn Fn(usize) -> T, visit: &mut impl Visit<T>) {
    every_lstm(number, visit);
    every_gru(number, visit);
    let (init, mut rng) = (Uniform::recurrent(HIDDEN), ChaCha8Rng::seed_from_u64(1));
    let sizes = (INPUTS, HIDDEN);
    let mut store = ParamStore::new();
    let cell = Elman::new(&mut store, "cell", sizes, &init, &mut rng).unwrap();
    visit.visit("elman", numbered(store, number), &cell);
    for bias in [true, false] {
        let mut store = ParamStore::new();
        let cell = Mgu::new(&mut store, "cell", sizes, bias, &init, &mut rng).unwrap();
        visit.visit(&format!("mgu, bias: {bias}"), numbered(store, number), &cell);

        let (mut store, form) =
            (ParamStore::new(), cells::diagonal::Form { bias, ..Default::default() });
        let cell = Diagonal::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
        visit.visit(&format!("diagonal {form:?}"), numbered(store, number), &cell);
    }
    for activation in squashes() {
        let (mut store, form) = (ParamStore::new(), cells::indrnn::Form { bias: true, activation });
        let cell = IndRnn::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
        visit.visit(&format!("indrnn {form:?}"), numbered(store, number), &cell);

        let mut store = ParamStore::new();
        let form = cells::jordan::Form { output: activation, ..Default::default() };
        let sizes = (INPUTS, HIDDEN, 2);
        let cell = Jordan::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
        visit.visit(&format!("jordan {form:?}"), numbered(store, number), &cell);
    }
}

/// Every combination of variants with the usual squashes, 64, then each squash somewhere.
pub(crate) fn lstm_forms<T: Real>() -> Vec<cells::lstm::Form<T>> {
    use cells::lstm::{Activations, Form};
    let mut forms = Vec::new();
    for bits in 0..64 {
        let has = |bit: usize| bits >> bit & 1 == 1;
        forms.push(Form {
            bias: has(0),
            peepholes: has(1),
            projection: has(2).then_some(2),
            coupled: has(3),
            cell_clip: has(4).then_some(0.6),
            layer_norm: has(5).then_some(1e-5),
            ..Form::default()
        });
    }
    for (k, squash) in squashes().into_iter().enumerate() {
        let mut activations = Activations::default();
        activations.gate = if k % 3 == 0 { squash } else { activations.gate };
        activations.candidate = if k % 3 == 1 { squash } else { activations.candidate };
        activations.output = if k % 3 == 2 { squash } else { activations.output };
        let layer_norm = (k % 2 == 0).then_some(1e-5);
        forms.push(Form { activations, peepholes: true, layer_norm, ..Form::default() });
    }
    forms
}

pub(crate) fn every_lstm<T: Real>(number: &dyn Fn(usize) -> T, visit: &mut impl Visit<T>) {
    for form in lstm_forms() {
        let (init, mut rng) = (Uniform::recurrent(HIDDEN), ChaCha8Rng::seed_from_u64(1));
        let mut store = ParamStore::new();
        let cell = Lstm::new(&mut store, "cell", (INPUTS, HIDDEN), form, &init, &mut rng).unwrap();
        visit.visit(&format!("lstm {form:?}"), numbered(store, number), &cell);
    }
}

pub(crate) fn every_gru<T: Real>(number: &dyn Fn(usize) -> T, visit: &mut impl Visit<T>) {
    use cells::gru::{Form, Reset, Update};
    let mut forms = Vec::new();
    for reset in [Reset::After, Reset::Before] {
        for update in [Update::Keep, Update::Replace] {
            for bias in [true, false] {
                forms.push(Form { bias, reset, update, ..Form::default() });
            }
        }
        for candidate in squashes() {
            forms.push(Form { reset, candidate, ..Form::default() });
        }
    }
    for form in forms {
        let (init, mut rng) = (Uniform::recurrent(HIDDEN), ChaCha8Rng::seed_from_u64(1));
        let mut store = ParamStore::new();
        let cell = Gru::new(&mut store, "cell", (INPUTS, HIDDEN), form, &init, &mut rng).unwrap();
        visit.visit(&format!("gru {form:?}"), numbered(store, number), &cell);
    }
}

/// The parameters in their order, numbered through.
fn numbered<T: Real>(mut store: ParamStore<T>, number: &dyn Fn(usize) -> T) -> ParamStore<T> {
    let mut k = 0;
    for id in store.ids().collect::<Vec<_>>() {
        store.get_mut(id).map_inplace(|x| {
            *x = number(k);
            k += 1;
        });
    }
    store
}

/// A loss that sees every output, and every part of the last state.
pub(crate) fn loss<'t, T: Real, C: Cell<T>>(
    tape: &'t Tape<T>,
    outputs: &[Var<'t, T>],
    last: C::State<'t>,
) -> Var<'t, T> {
    let mut from = 100;
    let mut weigh = |x: Var<'t, T>| {
        from += 100;
        (x * tape.constant(waves::<T>(&x.shape(), from))).sum()
    };
    let mut sum = weigh(tape.stack(outputs));
    let _ = last.map(&mut |part| {
        sum = sum + weigh(part);
        part
    });
    sum
}

/// The inputs, `[T, B, X]`, and a state that is not zero, as leaves.
pub(crate) fn leaves<'t, T: Real, C: Cell<T>>(
    tape: &'t Tape<T>,
    cell: &C,
) -> (Var<'t, T>, C::State<'t>) {
    let mut from = 3000;
    let start = cell.zeros(tape, BATCH).map(&mut |zeros| {
        from += 100;
        tape.leaf(waves::<T>(&zeros.shape(), from))
    });
    (tape.leaf(waves::<T>(&[STEPS, BATCH, INPUTS], 2000)), start)
}

/// Steps over `xs`, and every state.
pub(crate) fn states<'t, T: Real, C: Cell<T>>(
    cell: &C,
    p: Bound<'t, '_, T>,
    xs: Var<'t, T>,
    start: C::State<'t>,
    mut step: impl FnMut(Var<'t, T>, C::State<'t>) -> C::State<'t>,
) -> Vec<C::State<'t>> {
    let xs = cell.project(p, Input::Dense(xs));
    let mut state = start;
    let next = |t| {
        state = step(xs.select(0, t), state);
        state
    };
    (0..STEPS).map(next).collect()
}
