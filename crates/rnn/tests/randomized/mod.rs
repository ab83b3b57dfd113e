//! Truncation at random: every draw is made, and the mean of all is the gradient.

mod lengths;
mod pitfalls;
mod unbiased;

use crate::zoo::{self, BATCH, HIDDEN, INPUTS};
use ndarray::{Array3, ArrayD};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Elman, Input, ParamStore, Readout, State,
    bptt::{Block, Randomized, Spread, Tally, Truncation},
    init::Uniform,
};
use std::ops::Range;
use tape::{Gradients, ParamId, Tape, Var};

/// A cell with its data: the loss is Σₜ ½|hₜ − yₜ|², and the first state is learned.
struct Model<'c, C> {
    tape: Tape<f64>,
    cell: &'c C,
    store: ParamStore<f64>,
    start: Vec<ParamId>,
    steps: usize,
    /// Divides the loss of a block by its length.
    mean: bool,
    rows: Range<usize>,
}

impl<'c, C: Cell<f64>> Model<'c, C> {
    fn new(cell: &'c C, mut store: ParamStore<f64>, steps: usize) -> Self {
        let mut part = |(k, &width): (usize, &usize)| {
            store.add(format!("s{k}"), zoo::waves(&[BATCH, width], 900 + k)).unwrap()
        };
        let start = cell.widths().iter().enumerate().map(&mut part).collect();
        let tape = Tape::new();
        Self { tape, cell, store, start, steps, mean: false, rows: 0..BATCH }
    }

    fn first<'t>(&self, p: Bound<'t, '_, f64>) -> C::State<'t> {
        let mut parts = self.start.iter();
        let rows = self.rows.clone();
        State::build(&mut || p.var(*parts.next().unwrap()).slice(0, rows.clone()))
    }

    fn inputs<'t>(&self, p: Bound<'t, '_, f64>, steps: Range<usize>) -> Input<'t, 'static, f64> {
        let x = |(t, i, j)| zoo::wave(7 * (steps.start + t) + 3 * (self.rows.start + i) + j);
        let xs = Array3::from_shape_fn((steps.len(), self.rows.len(), INPUTS), x);
        Input::Dense(p.tape().constant(xs))
    }

    fn loss<'t>(&self, block: Block<'t, f64>) -> Var<'t, f64> {
        let shape = block.outputs.shape();
        let y = |(t, i, j)| zoo::wave(11 * (block.steps.start + t) + 5 * (self.rows.start + i) + j);
        let targets = Array3::from_shape_fn((shape[0], shape[1], shape[2]), y);
        let loss = block.outputs.half_squared_error(block.outputs.tape().constant(targets));
        if self.mean { loss / block.steps.len() as f64 } else { loss }
    }

    fn full(&self) -> Gradients<f64> {
        self.window(Truncation::Full)
    }

    fn window(&self, truncation: Truncation) -> Gradients<f64> {
        let mut sum = None;
        truncation
            .run(
                &self.tape,
                self.cell,
                &mut self.store.clone(),
                |p| self.first(p),
                self.steps,
                Readout::After,
                |p, steps| self.inputs(p, steps),
                |_, block| self.loss(block),
                |_, gradients| {
                    add(&mut sum, gradients);
                    Ok(())
                },
            )
            .unwrap();
        sum.unwrap()
    }

    /// The gradient of one draw, the sum over its segments, each of which `change` may alter.
    fn drawn(
        &self,
        randomized: &Randomized,
        cut: &mut dyn FnMut(f64) -> bool,
        change: &mut dyn FnMut(&mut ParamStore<f64>, &mut Gradients<f64>),
    ) -> (Gradients<f64>, Tally) {
        let mut sum = None;
        let (_, _, tally) = randomized
            .run_by(
                &self.tape,
                self.cell,
                &mut self.store.clone(),
                |p| self.first(p),
                self.steps,
                Readout::After,
                cut,
                |p, steps| self.inputs(p, steps),
                |_, block| self.loss(block),
                |store, gradients| {
                    let mut own = None;
                    add(&mut own, gradients);
                    let mut own = own.unwrap();
                    change(store, &mut own);
                    add(&mut sum, &own);
                    Ok(())
                },
            )
            .unwrap();
        (sum.unwrap(), tally)
    }

    fn roulette(
        &self,
        randomized: &Randomized,
        cut: &mut dyn FnMut(f64) -> bool,
    ) -> Gradients<f64> {
        let mut sum = None;
        randomized
            .roulette_by(
                &self.tape,
                self.cell,
                &mut self.store.clone(),
                |p| self.first(p),
                self.steps,
                Readout::After,
                cut,
                |p, steps| self.inputs(p, steps),
                |_, block| self.loss(block),
                |_, gradients| {
                    add(&mut sum, gradients);
                    Ok(())
                },
            )
            .unwrap();
        sum.unwrap()
    }

    /// All draws with their probabilities.
    fn spread(&self, randomized: &Randomized) -> Spread {
        let mut spread = Spread::new();
        every_draw(
            |cut| self.drawn(randomized, cut, &mut |_, _| {}).0,
            |g, probability| {
                spread.add_weighted(&g, probability);
            },
        );
        spread
    }

    /// The largest difference to the gradient, relative to its largest entry.
    fn bias(&self, spread: &Spread, full: &Gradients<f64>) -> f64 {
        let largest = |a: &ArrayD<f64>| a.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let (mut off, mut scale) = (0.0_f64, 0.0_f64);
        for (id, want) in full.params() {
            let none = ArrayD::zeros(want.raw_dim());
            off = off.max(largest(&(spread.mean(id).unwrap_or(&none) - want)));
            scale = scale.max(largest(want));
        }
        off / scale
    }
}

/// Adds to a sum that owns its arrays.
fn add(sum: &mut Option<Gradients<f64>>, term: &Gradients<f64>) {
    let sum = sum.get_or_insert_with(|| {
        let tape = Tape::new();
        tape.backward(tape.leaf(ndarray::arr0(0.0)))
    });
    sum.accumulate(term);
}

/// Follows every branch of a random course: `course` asks for decisions, `end` gets what came of it and its probability.
/// Returns how many there were.
fn every_draw<R>(
    mut course: impl FnMut(&mut dyn FnMut(f64) -> bool) -> R,
    mut end: impl FnMut(R, f64),
) -> usize {
    let (mut path, mut count, mut total) = (Vec::<bool>::new(), 0, 0.0);
    loop {
        let (mut depth, mut probability) = (0, 1.0);
        let result = course(&mut |c| {
            if depth == path.len() {
                path.push(false);
            }
            let cut = path[depth];
            depth += 1;
            probability *= if cut { c } else { 1.0 - c };
            cut
        });
        end(result, probability);
        (count, total) = (count + 1, total + probability);
        while path.last() == Some(&true) {
            path.pop();
        }
        match path.last_mut() {
            Some(last) => *last = true,
            None => break,
        }
    }
    assert!((total - 1.0_f64).abs() < 1e-12, "{total}");
    count
}

fn rules() -> [Randomized; 4] {
    [
        Randomized::by_age(4.0, 4.0).unwrap(),
        Randomized::by_age(2.5, 6.0).unwrap(),
        Randomized::constant(0.3).unwrap(),
        Randomized::listed(vec![0.1, 0.0, 0.36, 0.49, 0.62, 0.75, 0.05]).unwrap(),
    ]
}

fn elman(steps: usize, test: impl FnOnce(Model<'_, Elman<f64>>)) {
    let (init, mut rng) = (Uniform { bound: 0.9 }, ChaCha8Rng::seed_from_u64(5));
    let mut store = ParamStore::new();
    let cell = Elman::new(&mut store, "cell", (INPUTS, HIDDEN), &init, &mut rng).unwrap();
    test(Model::new(&cell, store, steps));
}
