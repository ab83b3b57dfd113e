//! One step of each cell, and the equations of its page in plain loops.

use crate::zoo;
use ndarray::{Array1, Array2, Ix1, Ix2, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Gru, IndRnn, Input, Lstm, Mgu, ParamStore, State,
    cells::{self, gru::Reset, gru::Update, lstm},
    init::Uniform,
};
use tape::Tape;
use zoo::{BATCH, HIDDEN, INPUTS, waves};

const SIZES: (usize, usize) = (INPUTS, HIDDEN);
const H: usize = HIDDEN;

fn init() -> (Uniform, ChaCha8Rng) {
    (Uniform { bound: 0.9 }, ChaCha8Rng::seed_from_u64(3))
}

/// The parameters of one cell, by the last parts of their names.
struct Params<'a>(&'a ParamStore<f64>);

impl Params<'_> {
    fn vector(&self, name: &str) -> Option<Array1<f64>> {
        let id = self.0.find(&format!("cell.{name}"))?;
        Some(self.0.get(id).clone().into_dimensionality::<Ix1>().unwrap())
    }

    /// `x W`, for one row.
    fn times(&self, x: &Array1<f64>, name: &str) -> Array1<f64> {
        let w = self.0.get(self.0.find(&format!("cell.{name}")).unwrap());
        x.dot(&w.view().into_dimensionality::<Ix2>().unwrap())
    }

    /// `x W + b`
    fn input(&self, x: &Array1<f64>) -> Array1<f64> {
        self.vector("b").map_or(self.times(x, "w"), |b| self.times(x, "w") + b)
    }
}

fn block(of: &Array1<f64>, k: usize) -> Array1<f64> {
    of.slice(s![k * H..(k + 1) * H]).to_owned()
}

fn sigmoid(x: Array1<f64>) -> Array1<f64> {
    x.mapv(|x| 1.0 / (1.0 + (-x).exp()))
}

fn tanh(x: Array1<f64>) -> Array1<f64> {
    x.mapv(f64::tanh)
}

/// Holds one step of `cell` against what `paper` makes of each row of the input and of the parts of the state.
fn check<C: Cell<f64>>(
    name: &str,
    store: &ParamStore<f64>,
    cell: &C,
    paper: impl Fn(&Params<'_>, Array1<f64>, &[Array1<f64>]) -> Vec<Array1<f64>>,
) {
    let tape = Tape::new();
    let p = store.bind(&tape);
    let start = zoo::leaves(&tape, cell).1;
    let xs: Array2<f64> = waves(&[BATCH, INPUTS], 2000).into_dimensionality().unwrap();
    let x = cell.project(p, Input::Dense(tape.leaf(&xs)));
    let parts = |state: C::State<'_>| {
        let mut parts = Vec::new();
        let _ = state.map(&mut |part| {
            parts.push(part.value().into_dimensionality::<Ix2>().unwrap());
            part
        });
        parts
    };
    let (before, after) = (parts(start), parts(cell.step(p, x, start)));
    for row in 0..BATCH {
        let state: Vec<_> = before.iter().map(|part| part.row(row).to_owned()).collect();
        let want = paper(&Params(store), xs.row(row).to_owned(), &state);
        assert_eq!(want.len(), after.len());
        for (k, (got, want)) in after.iter().zip(want).enumerate() {
            let apart = (&got.row(row) - &want).iter().any(|d| d.abs() >= 1e-14);
            assert!(!apart, "{name}: part {k} is {} for {want}", got.row(row));
        }
    }
}

fn normalised(x: Array1<f64>, p: &Params<'_>, which: &str) -> Array1<f64> {
    let mean = x.mean().unwrap();
    let variance = x.mapv(|x| (x - mean).powi(2)).mean().unwrap();
    let (gain, shift) = (format!("norm.{which}.gain"), format!("norm.{which}.shift"));
    (x - mean) / (variance + 1e-5).sqrt() * p.vector(&gain).unwrap() + p.vector(&shift).unwrap()
}

#[test]
fn a_step_of_an_lstm_is_what_its_page_says() {
    for form in zoo::lstm_forms::<f64>().into_iter().take(64) {
        let (mut store, (init, mut rng)) = (ParamStore::new(), init());
        let cell = Lstm::new(&mut store, "cell", SIZES, form, &init, &mut rng).unwrap();
        for id in store.ids().collect::<Vec<_>>() {
            // Gains and shifts that are not 1 and 0.
            store.get_mut(id).iter_mut().enumerate().for_each(|(k, x)| *x += 0.1 * zoo::wave(k));
        }
        check(&format!("{form:?}"), &store, &cell, |p, x, state| {
            let lstm::Form { coupled, cell_clip, layer_norm, projection, .. } = form;
            let (h, c) = (&state[0], &state[1]);
            let z = match layer_norm {
                None => p.input(&x) + p.times(h, "u"),
                Some(_) => {
                    let z = normalised(p.times(&x, "w"), p, "input")
                        + normalised(p.times(h, "u"), p, "recurrent");
                    p.vector("b").map_or(z.clone(), |b| z + b)
                }
            };
            let peephole = |k| p.vector("peepholes").map_or(Array1::zeros(H), |p| block(&p, k));
            let i = sigmoid(block(&z, 0) + peephole(0) * c);
            let f = match coupled {
                true => 1.0 - &i,
                false => sigmoid(block(&z, 1) + peephole(1) * c),
            };
            let last = if coupled { 2 } else { 3 };
            let g = tanh(block(&z, last - 1));
            let mut c = f * c + i * g;
            if let Some(k) = cell_clip {
                c.mapv_inplace(|c| c.clamp(-k, k));
            }
            let o = sigmoid(block(&z, last) + peephole(last - 1) * &c);
            let out = layer_norm.map_or(c.clone(), |_| normalised(c.clone(), p, "cell"));
            let m = o * tanh(out);
            vec![projection.map_or(m.clone(), |_| p.times(&m, "projection")), c]
        });
    }
}

#[test]
fn a_step_of_a_gru_is_what_its_page_says() {
    for reset in [Reset::After, Reset::Before] {
        for update in [Update::Keep, Update::Replace] {
            for bias in [true, false] {
                let form = cells::gru::Form { bias, reset, update, ..Default::default() };
                let (mut store, (init, mut rng)) = (ParamStore::new(), init());
                let cell = Gru::new(&mut store, "cell", SIZES, form, &init, &mut rng).unwrap();
                check(&format!("{form:?}"), &store, &cell, |p, x, state| {
                    let (h, a) = (&state[0], p.input(&x));
                    let u = |h: &Array1<f64>, k| block(&p.times(h, "u"), k);
                    let r = sigmoid(block(&a, 0) + u(h, 0));
                    let z = sigmoid(block(&a, 1) + u(h, 1));
                    let s = match reset {
                        Reset::After => r * (u(h, 2) + p.vector("b_n").unwrap_or(Array1::zeros(H))),
                        Reset::Before => u(&(r * h), 2),
                    };
                    let n = tanh(block(&a, 2) + s);
                    vec![match update {
                        Update::Keep => (1.0 - &z) * n + z * h,
                        Update::Replace => (1.0 - &z) * h + z * n,
                    }]
                });
            }
        }
    }
}

#[test]
fn a_step_of_a_small_cell_is_what_its_page_says() {
    let (mut store, (init, mut rng)) = (ParamStore::new(), init());
    let cell = Mgu::new(&mut store, "cell", SIZES, true, &init, &mut rng).unwrap();
    check("mgu", &store, &cell, |p, x, state| {
        let (h, a) = (&state[0], p.input(&x));
        let f = sigmoid(block(&a, 0) + block(&p.times(h, "u"), 0));
        let n = tanh(block(&a, 1) + block(&p.times(&(&f * h), "u"), 1));
        vec![(1.0 - &f) * h + f * n]
    });

    let (mut store, form) = (ParamStore::new(), cells::indrnn::Form::default());
    let cell = IndRnn::new(&mut store, "cell", SIZES, form, &init, &mut rng).unwrap();
    check("indrnn", &store, &cell, |p, x, state| {
        let a = p.input(&x) + p.vector("u").unwrap() * &state[0];
        vec![a.mapv(|a| a.max(0.0))]
    });

    let mut store = ParamStore::new();
    let cell = Elman::new(&mut store, "cell", SIZES, &init, &mut rng).unwrap();
    check("elman", &store, &cell, |p, x, state| vec![tanh(p.input(&x) + p.times(&state[0], "u"))]);
}
