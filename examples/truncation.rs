//! What truncation costs and what it spares.
//!
//! First a number that can be checked by hand, hₜ = w hₜ₋₁, with every meaning of TBPTT(k1, k2), and with a recipe that is often handed
//! on for k1 ≠ k2 and is wrong. Then a recurrent network: how far each window is from the gradient, and what a step takes.
//!
//! ```text
//! cargo run --release --example truncation [-- --steps 512 --hidden 32 --repeats 20]
//! ```

use clap::Parser;
use ndarray::{Array1, Array2, Array3, Axis, Slice, arr1};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Gru, Input, ParamStore, Readout, Widths,
    bptt::{Adaptive, Decay, LagNorms, Losses, Randomized, Truncation, Updates, Window},
    cells::gru::Form,
    init::Uniform,
    unroll,
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
        let mut noise = |width| {
            Array3::from_shape_simple_fn((options.steps, BATCH, width), || {
                rng.random_range(-1.0..1.0)
            })
        };
        Ok(Self { store, cell, inputs: noise(4), targets: noise(options.hidden) })
    }

    fn part<'t>(
        tape: &'t Tape<f64>,
        of: &Array3<f64>,
        steps: std::ops::Range<usize>,
    ) -> Var<'t, f64> {
        tape.constant(of.slice_axis(Axis(0), Slice::from(steps)))
    }

    /// The gradient, as a truncation has it: one array after the other.
    fn gradient(&self, tape: &Tape<f64>, window: Option<Window>) -> rnn::Result<Array1<f64>> {
        let mut sum = Array1::zeros(self.store.elements());
        let truncation = match window {
            Some(window) => Truncation::Window(window.updates(Updates::Accumulate)),
            None => Truncation::Full,
        };
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
                sum += &flat(gradients);
                Ok(())
            },
        )?;
        Ok(sum)
    }

    /// The gradient of one draw, and how far it is from being of any use alone.
    fn random(
        &self,
        tape: &Tape<f64>,
        randomized: &Randomized,
        rng: &mut ChaCha8Rng,
    ) -> rnn::Result<Array1<f64>> {
        let mut sum = Array1::zeros(self.store.elements());
        randomized.run(
            tape,
            &self.cell,
            &mut self.store.clone(),
            |p| self.cell.zeros(p.tape(), BATCH),
            self.inputs.len_of(Axis(0)),
            Readout::After,
            rng,
            |p, steps| Input::Dense(Self::part(p.tape(), &self.inputs, steps)),
            |p, block| {
                let targets = Self::part(p.tape(), &self.targets, block.steps);
                block.outputs.half_squared_error(targets)
            },
            |_, gradients| {
                sum += &flat(gradients);
                Ok(())
            },
        )?;
        Ok(sum)
    }

    /// How gradients fall from lag to lag, over some places in the sequence.
    fn decay(&self, lags: usize) -> rnn::Result<Decay> {
        let (mut norms, steps) = (LagNorms::new(), self.inputs.len_of(Axis(0)));
        for end in (lags..=steps).step_by(lags) {
            let tape = Tape::new();
            let p = self.store.bind(&tape);
            let xs = Input::Dense(Self::part(&tape, &self.inputs, end - lags..end));
            let states: Vec<_> =
                unroll(&self.cell, p, &xs, self.cell.zeros(&tape, BATCH)).collect();
            let target = Self::part(&tape, &self.targets, end - 1..end).select(0, 0);
            norms.measure(&states, states[lags - 1].half_squared_error(target))?;
        }
        Decay::fit(&norms.means(), lags / 4)
    }
}

/// All parameters' gradients, one behind the other.
fn flat(gradients: &Gradients<f64>) -> Array1<f64> {
    gradients.params().flat_map(|(_, g)| g.iter().copied()).collect()
}

fn norm(x: &Array1<f64>) -> f64 {
    x.dot(x).sqrt()
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    println!(
        "hₜ = {W} hₜ₋₁, h₀ = {H0}, L = h₁ + h₂ + h₃: dL₃/dw = 3 w² h₀ = {:.3}\n",
        3.0 * W * W * H0
    );
    println!("{:<34}{:>8}{:>8}{:>8}", "the sweep after step", "1", "2", "3");
    let row = |name: &str, found: &[f64]| {
        let numbers: String = found.iter().map(|g| format!("{g:8.3}")).collect();
        println!("{name:<34}{:>1$}", numbers, 24);
    };
    for k2 in 1..=3 {
        row(&format!("TBPTT(1, {k2})"), &sweeps(Window::new(1, k2)?)?);
    }
    row("a recipe for TBPTT(1, 3)", &recipe(3));
    for (name, losses) in
        [("window", Losses::Window), ("last loss", Losses::Last), ("per loss", Losses::Each)]
    {
        row(&format!("TBPTT(3, 3), {name}"), &sweeps(Window::new(3, 3)?.losses(losses))?);
    }

    let (network, tape) = (Network::new(&options)?, Tape::new());
    let full = network.gradient(&tape, None)?;
    println!(
        "\nGRU, {} units, {BATCH} rows, {} steps; cost: of full BPTT\n",
        options.hidden, options.steps
    );
    println!("{:<34}{:>12}{:>12}{:>8}", "", "bias", "noise", "cost");
    let time = |window| -> rnn::Result<f64> {
        let start = Instant::now();
        for _ in 0..options.repeats.div_ceil(4) {
            network.gradient(&tape, window)?;
        }
        Ok(start.elapsed().as_secs_f64())
    };
    let unit = time(None)?;
    for (k1, k2) in [(1, 1), (1, 4), (4, 4), (4, 8), (1, 16), (8, 16), (16, 16), (16, 32), (32, 64)]
    {
        let window = Window::new(k1, k2)?;
        let bias = norm(&(network.gradient(&tape, Some(window))? - &full)) / norm(&full);
        let cost = time(Some(window))? / unit;
        println!("{:<34}{bias:>12.2e}{:>12}{cost:>8.2}", format!("TBPTT({k1}, {k2})"), "");
    }
    for (mean, alpha) in [(8.0, 4.0), (16.0, 4.0), (16.0, 6.0)] {
        let randomized = Randomized::by_age(mean, alpha)?;
        let (mut rng, start) = (ChaCha8Rng::seed_from_u64(2), Instant::now());
        let (mut sum, mut squares) = (Array1::zeros(full.len()), 0.0);
        for _ in 0..options.repeats {
            let off = network.random(&tape, &randomized, &mut rng)? - &full;
            squares += off.dot(&off);
            sum += &off;
        }
        let n = options.repeats as f64;
        let cost = start.elapsed().as_secs_f64() / n / (unit / options.repeats.div_ceil(4) as f64);
        let (bias, noise) = (norm(&sum) / n / norm(&full), (squares / n).sqrt() / norm(&full));
        let name = format!("ARTBP, L₀ = {mean}, α = {alpha} (mean of {n})");
        println!("{name:<34}{bias:>12.2e}{noise:>12.2e}{cost:>8.2}");
    }

    let decay = network.decay(options.steps.min(64))?;
    println!("\ngradients change by a factor of {:.4} with each lag", decay.rate);
    for tolerance in [0.3, 0.1, 0.01] {
        match Adaptive::new(tolerance, 1, options.steps)?.choose(&decay) {
            Ok(k2) => println!("a bias of {tolerance}: k2 = {k2}, by estimate"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
