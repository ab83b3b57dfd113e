//! What truncation costs and what it spares.
//!
//! First a number that can be checked by hand, hₜ = w hₜ₋₁, with every meaning of TBPTT(k1, k2), and with a recipe that is often handed
//! on for k1 ≠ k2 and is wrong. Then a recurrent network: how far each window is from the gradient, and what a step takes.
//!
//! ```text
//! cargo run --release --example truncation [-- --steps 512 --hidden 32 --repeats 20]
//! ```

use clap::Parser;
use ndarray::{Array2, Array3, Axis, Slice, arr1};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Gru, Input, ParamStore, Readout, Widths,
    bptt::{Adaptive, Decay, LagNorms, Losses, Randomized, Spread, Truncation, Window},
    cells::gru::Form,
    init::Uniform,
};
use std::{error::Error, time::Instant};
use tape::{Gradients, ParamId, Tape, Var};

/// hₜ = hₜ₋₁ ⊙ w
struct Scalar {
    w: ParamId,
}

impl Cell<f64> for Scalar {
    type State<'t> = Var<'t, f64>;

    fn widths(&self) -> Widths {
        [1].into_iter().collect()
    }

    fn step<'t>(&self, p: Bound<'t, '_, f64>, _: Var<'t, f64>, h: Var<'t, f64>) -> Var<'t, f64> {
        h * p.var(self.w)
    }
}

const W: f64 = 0.2;
const H0: f64 = 0.9;

/// dL/dw of each sweep over three steps, Lₜ = hₜ.
fn sweeps(window: Window) -> rnn::Result<Vec<f64>> {
    let (tape, mut store, mut found) = (Tape::new(), ParamStore::new(), Vec::new());
    let cell = Scalar { w: store.add("w", arr1(&[W]).into_dyn())? };
    Truncation::Window(window).run(
        &tape,
        &cell,
        &mut store,
        |p| p.tape().constant(Array2::from_elem((1, 1), H0)),
        3,
        Readout::After,
        |p, steps| Input::Dense(p.tape().zeros(&[steps.len(), 1, 1])),
        |_, block| block.outputs.sum(),
        |_, gradients| {
            found.push(gradients[cell.w].sum());
            Ok(())
        },
    )?;
    Ok(found)
}

/// The recipe: every step starts from a detached copy of the state; after each step the loss is swept to the copy, and what the copy
/// has received is handed on to the step before it, as far as k2. But what a copy has received stays in it, and is handed
/// on again by the next sweep.
fn recipe(k2: usize) -> Vec<f64> {
    let tape = Tape::new();
    let w = tape.leaf(arr1(&[W]));
    let mut steps: Vec<(Var<'_, f64>, Var<'_, f64>)> = Vec::new(); // the copy a step started from, and its result
    let mut received: Vec<f64> = Vec::new(); // by each copy, over all sweeps
    let mut found = Vec::new();
    for t in 0..3 {
        let copy = match steps.last() {
            Some((_, after)) => tape.leaf(after.value()),
            None => tape.leaf(arr1(&[H0])),
        };
        steps.push((copy, copy * w));
        received.push(0.0);
        let (mut total, mut handed) = (0.0, 1.0); // dLₜ/dhₜ = 1
        for s in (0..=t).rev().take(k2) {
            let (copy, after) = steps[s];
            let swept = tape.backward((after * handed).sum());
            total += swept[w].sum();
            received[s] += swept[copy].sum();
            handed = received[s];
        }
        found.push(total);
    }
    found
}

#[derive(Parser)]
#[command(about = "Truncated BPTT: bias and cost by k1 and k2")]
struct Options {
    /// T, the steps of the sequence.
    #[arg(long, default_value_t = 512)]
    steps: usize,
    /// H, the units.
    #[arg(long, default_value_t = 32)]
    hidden: usize,
    /// How often each gradient is taken, and a random truncation drawn.
    #[arg(long, default_value_t = 20)]
    repeats: usize,
}

struct Network {
    store: ParamStore<f64>,
    cell: Gru<f64>,
    inputs: Array3<f64>,
    targets: Array3<f64>,
}

const BATCH: usize = 4;

impl Network {
    fn new(options: &Options) -> rnn::Result<Self> {
        let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(1), ParamStore::new());
        let (init, sizes) = (Uniform { bound: 0.3 }, (4, options.hidden));
        let cell = Gru::new(&mut store, "gru", sizes, Form::default(), &init, &mut rng)?;
        let mut noise = |width| Array3::from_shape_simple_fn((options.steps, BATCH, width), || rng.random_range(-1.0..1.0));
        Ok(Self { store, cell, inputs: noise(4), targets: noise(options.hidden) })
    }

    fn part<'t>(tape: &'t Tape<f64>, of: &Array3<f64>, steps: std::ops::Range<usize>) -> Var<'t, f64> {
        tape.constant(of.slice_axis(Axis(0), Slice::from(steps)))
    }

    /// The sum of the gradients of all sweeps.
    fn gradient(&self, tape: &Tape<f64>, truncation: Truncation) -> rnn::Result<Spread> {
        let mut sum = Spread::new();
        truncation.run(
            tape,
            &self.cell,
            &mut self.store.clone(),
            |p| self.cell.zeros(p.tape(), BATCH),
            self.inputs.len_of(Axis(0)),
            Readout::After,
            |p, steps| Input::Dense(Self::part(p.tape(), &self.inputs, steps)),
            |p, block| {
                let targets = Self::part(p.tape(), &self.targets, block.steps);
                block.outputs.half_squared_error(targets)
            },
            |_, gradients| {
                sum.add(gradients);
                Ok(())
            },
        )?;
        Ok(sum)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let _ = (recipe(3), sweeps(Window::new(1, 3)?)?);
    Ok(())
}
