//! The network: a character in, a recurrence, scores for the next character out.

use ndarray::ArrayD;
use rand::{Rng, RngExt};
use rnn::{
    Cell, Elman, Input, Linear, ParamStore, Reduction, Result, Rows,
    bptt::{Block, Truncation, Unrolling},
    init::{Init, Orthogonal, Uniform},
    loss::cross_entropy,
    text::{Stream, Window},
};
use tape::{Tape, Var};

/// `hₜ = tanh(xₜ W + hₜ₋₁ U + b)`, `oₜ = hₜ V + c`, in single precision.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) store: ParamStore<f32>,
    pub(crate) cell: Elman<f32>,
    readout: Linear,
    classes: usize,
}

impl Network {
    /// Fresh parameters: U orthogonal, so that adjoints neither die nor explode at once, the rest uniform.
    pub(crate) fn new(classes: usize, hidden: usize, rng: &mut impl Rng) -> Result<Self> {
        let mut store = ParamStore::new();
        let init = Uniform::recurrent(hidden);
        let cell = Elman::new(&mut store, "rnn", (classes, hidden), &init, rng)?;
        *store.get_mut(cell.u) = Orthogonal::default().sample(&[hidden, hidden], rng);
        let readout = Linear::new(&mut store, "head", (hidden, classes), &init, rng)?;
        Ok(Self { store, cell, readout, classes })
    }

    /// Classes as inputs.
    pub(crate) fn input<'t, 'd>(&self, indices: &'d [usize], batch: usize) -> Input<'t, 'd, f32> {
        Input::one_hot(indices, batch, self.classes)
    }

    /// The mean surprise of a window's next characters, in nats.
    pub(crate) fn loss<'t>(
        &self,
        tape: &'t Tape<f32>,
        block: &Block<'t, f32>,
        window: &Window<'_, f32>,
    ) -> Var<'t, f32> {
        let scores = self.readout.forward(self.store.bind(tape), block.outputs);
        // Losses before the last k2 steps are never swept from: see `rnn::bptt::Window::gaps`.
        let skipped = window.targets.len() - block.steps.len() * window.batch;
        let (targets, mask) = (&window.targets[skipped..], &window.mask[skipped..]);
        cross_entropy(scores, targets, Reduction::Masked(mask), Rows::Sum)
    }

    /// Mean surprise in nats a character over the whole of `stream`.
    pub(crate) fn evaluate(&self, stream: &Stream<f32>, window: usize) -> Result<f64> {
        Ok(self.surprise(stream, window)? / stream.pairs() as f64)
    }

    /// All of the surprise in `stream`, in nats, the state carried throughout.
    pub(crate) fn surprise(&self, stream: &Stream<f32>, window: usize) -> Result<f64> {
        let tape = Tape::new();
        let start = self.cell.zeros(&tape, stream.batch());
        let mut run = Unrolling::new(&tape, &self.cell, Truncation::Full, start);
        let mut total = 0.0;
        for window in stream.windows(window)? {
            let xs = self.input(window.inputs, stream.batch());
            let block = run.advance(self.store.bind(&tape), &xs);
            total += f64::from(self.loss(&tape, &block, &window).item()) * window.pairs() as f64;
            run.carry();
        }
        Ok(total)
    }

    /// `length` classes drawn one after another, after reading `prime`: `p ∝ exp(score / temperature)`.
    pub(crate) fn sample(
        &self,
        prime: &[usize],
        length: usize,
        temperature: f64,
        rng: &mut impl Rng,
    ) -> Vec<usize> {
        let tape = Tape::new();
        let start = self.cell.zeros(&tape, 1);
        let mut run = Unrolling::new(&tape, &self.cell, Truncation::Full, start);
        let mut scores = ArrayD::zeros(ndarray::IxDyn(&[self.classes]));
        let mut read = |class: usize| {
            let p = self.store.bind(&tape);
            let block = run.advance(p, self.input(&[class], 1));
            let scores = self.readout.forward(p, block.outputs).value();
            run.carry();
            scores
        };
        for &class in prime {
            scores = read(class);
        }
        let mut drawn = Vec::with_capacity(length);
        while drawn.len() < length {
            let class = draw(scores.iter().copied(), temperature, rng);
            drawn.push(class);
            scores = read(class);
        }
        drawn
    }
}

/// A class drawn with `p ∝ exp(score / temperature)`; the likeliest at temperature 0.
fn draw(scores: impl Iterator<Item = f32> + Clone, temperature: f64, rng: &mut impl Rng) -> usize {
    let best = scores.clone().fold(f32::NEG_INFINITY, f32::max);
    let weight = |score: f32| {
        if temperature > 0.0 {
            (f64::from(score - best) / temperature).exp()
        } else {
            f64::from(u8::from(score == best))
        }
    };
    let mut left = rng.random::<f64>() * scores.clone().map(weight).sum::<f64>();
    let mut last = 0;
    for (class, score) in scores.enumerate() {
        left -= weight(score);
        last = class;
        if left < 0.0 {
            break;
        }
    }
    last
}
