//! What is carried forwards is what backpropagation through time carries back.

mod approximate;
mod exact;

use crate::zoo;
use ndarray::{ArrayD, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Elman, Gru, Input, Lstm, ParamStore, State,
    bptt::{Truncation, Unrolling},
    cells,
    init::Uniform,
    online::{Influence, Online},
};
use std::{collections::BTreeMap, ops::Range};
use tape::{Gradients, ParamId, Tape, Var};

pub(super) type Arrays = BTreeMap<String, ArrayD<f64>>;

/// A cell with a learned start and a loss of all outputs.
pub(super) struct Problem<'c, C> {
    pub(super) store: ParamStore<f64>,
    pub(super) cell: &'c C,
    pub(super) start: Vec<ParamId>,
    pub(super) steps: usize,
    pub(super) batch: usize,
}

impl<'c, C: Cell<f64>> Problem<'c, C> {
    pub(super) fn new(mut store: ParamStore<f64>, cell: &'c C, steps: usize, batch: usize) -> Self {
        let widths = cell.widths().into_iter().enumerate();
        let start = widths.map(|(k, width)| {
            let value = zoo::waves(&[batch, width], 500 + 100 * k);
            store.add(format!("start {k}"), value).unwrap()
        });
        let start = start.collect();
        Self { store, cell, start, steps, batch }
    }

    pub(super) fn start<'t>(&self, p: Bound<'t, '_, f64>) -> C::State<'t> {
        let mut ids = self.start.iter();
        State::build(&mut || p.var(*ids.next().unwrap()))
    }

    pub(super) fn inputs<'t>(
        &self,
        tape: &'t Tape<f64>,
        steps: Range<usize>,
    ) -> Input<'t, 'static, f64> {
        let all = zoo::waves::<f64>(&[self.steps, self.batch, zoo::INPUTS], 2000);
        Input::Dense(tape.constant(all.slice_axis(Axis(0), Slice::from(steps))))
    }

    pub(super) fn loss<'t>(&self, outputs: Var<'t, f64>, steps: Range<usize>) -> Var<'t, f64> {
        let mut shape = outputs.shape();
        shape[0] = self.steps;
        let weights = zoo::waves::<f64>(&shape, 3000);
        let weights = weights.slice_axis(Axis(0), Slice::from(steps));
        ((outputs + outputs.square()) * outputs.tape().constant(weights)).sum()
    }

    pub(super) fn add(&self, sums: &mut Arrays, gradients: &Gradients<f64>) {
        for (id, g) in gradients.params() {
            let sum = sums.entry(self.store.name(id).into()).or_insert_with(|| g * 0.0);
            *sum += g;
        }
    }

    pub(super) fn truncated(&self, truncation: Truncation, k: usize) -> Arrays {
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

    pub(super) fn bptt(&self) -> Arrays {
        self.truncated(Truncation::Full, self.steps)
    }

    pub(super) fn online(&self, influence: impl Influence<f64>, k: usize) -> Arrays {
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
pub(super) fn apart(a: &Arrays, b: &Arrays) -> f64 {
    assert!(a.keys().eq(b.keys()), "{:?} and {:?}", a.keys(), b.keys());
    let largest = |x: &ArrayD<f64>| x.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    b.iter().map(|(k, b)| largest(&(&a[k] - b)) / largest(b).max(1e-3)).fold(0.0, f64::max)
}

/// Shows an Elman network, an LSTM and a GRU of `hidden` units.
pub(super) fn three(hidden: usize, visit: &mut impl zoo::Visit<f64>) {
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
