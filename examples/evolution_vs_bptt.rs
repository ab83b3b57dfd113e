//! Evolution against the gradient, at the same task and by the same measure.
//!
//! "Backpropagation through time is faster than evolutionary optimisation", one reads. Here a small Elman network learns to continue sine
//! waves, once by backpropagation through time and Adam, once by the (1 + 1) evolution strategy with Rechenberg's rule of one success in five, once by
//! an evolution strategy with antithetic samples (T. Salimans et al., 2017). The cost is counted in forward passes, of which a gradient costs three.
//! It is the number of parameters that decides: a strategy tries directions, a sweep tells the slope of all of them at once.
//!
//! ```text
//! cargo run --release --example evolution_vs_bptt [-- --hidden 10 --seeds 3 --budget 30000 --target 0.01]
//! ```

use clap::Parser;
use ndarray::{Array3, ArrayD};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rnn::{
    Elman, Input, Linear, ParamStore, Reduction, Rows,
    init::{Init, Normal, Uniform},
    loss::squared_error,
    optim::{Adam, Optimizer},
    unroll,
};
use std::error::Error;
use tape::{Tape, Var};

#[derive(Parser, Clone)]
#[command(about = "What it costs to learn sine waves, by gradient and by evolution")]
struct Options {
    /// H, the units; there are H² + 3H + 1 parameters.
    #[arg(long, default_value_t = 10)]
    hidden: usize,
    /// T, the steps.
    #[arg(long, default_value_t = 30)]
    steps: usize,
    /// B, the waves.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Runs, each with its own waves and first weights.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Forward passes after which a run is given up.
    #[arg(long, default_value_t = 30_000)]
    budget: usize,
    /// The mean squared error that is to be reached.
    #[arg(long, default_value_t = 0.01)]
    target: f64,
}

/// The network, its waves and their next values.
struct Task {
    store: ParamStore<f64>,
    cell: Elman<f64>,
    head: Linear,
    xs: Array3<f64>,
    ys: Array3<f64>,
    tape: Tape<f64>,
}

impl Task {
    fn new(options: &Options, rng: &mut ChaCha8Rng) -> rnn::Result<Self> {
        let mut store = ParamStore::new();
        let init = Uniform::recurrent(options.hidden);
        let cell = Elman::new(&mut store, "rnn", (1, options.hidden), &init, rng)?;
        let head = Linear::new(&mut store, "head", (options.hidden, 1), &init, rng)?;
        let waves: Vec<(f64, f64)> = (0..options.batch)
            .map(|_| (rng.random_range(0.0..std::f64::consts::TAU), rng.random_range(0.2..0.6)))
            .collect();
        let at = |later: usize| {
            Array3::from_shape_fn((options.steps, options.batch, 1), |(t, b, _)| {
                (waves[b].0 + waves[b].1 * (t + later) as f64).sin()
            })
        };
        Ok(Self { store, cell, head, xs: at(0), ys: at(1), tape: Tape::new() })
    }

    fn loss<'t>(&self, tape: &'t Tape<f64>) -> Var<'t, f64> {
        let p = self.store.bind(tape);
        let xs = Input::Dense(tape.constant(&self.xs));
        let start = rnn::Cell::zeros(&self.cell, tape, self.xs.shape()[1]);
        let states: Vec<_> = unroll(&self.cell, p, &xs, start).collect();
        let outputs = self.head.forward(p, tape.stack(&states));
        let ys = tape.constant(&self.ys);
        squared_error(outputs, ys, false, Reduction::MeanOverTime, Rows::Mean)
    }

    /// The error, without a gradient.
    fn error(&mut self) -> f64 {
        self.tape.clear();
        self.tape.no_grad(|| self.loss(&self.tape).item())
    }

    /// θ + σ e
    fn moved(&mut self, from: &[ArrayD<f64>], by: f64, noise: &[ArrayD<f64>]) {
        let ids: Vec<_> = self.store.ids().collect();
        for ((id, here), e) in ids.into_iter().zip(from).zip(noise) {
            *self.store.get_mut(id) = here + &(by * e);
        }
    }

    fn parameters(&self) -> Vec<ArrayD<f64>> {
        self.store.iter().map(|(_, _, array)| array.clone()).collect()
    }

    fn noise(&self, rng: &mut ChaCha8Rng) -> Vec<ArrayD<f64>> {
        let drawn =
            |(_, _, array): (_, _, &ArrayD<f64>)| Normal { std: 1.0 }.sample(array.shape(), rng);
        self.store.iter().map(drawn).collect()
    }
}

/// What a run came to: the forward passes it took, if it arrived, and the least error.
struct Outcome {
    cost: Option<usize>,
    error: f64,
}

fn gradient(task: &mut Task, options: &Options, _: &mut ChaCha8Rng) -> rnn::Result<Outcome> {
    let mut adam = Adam::new(1e-2);
    let (mut cost, mut least) = (0, f64::INFINITY);
    while cost < options.budget {
        task.tape.clear();
        let loss = task.loss(&task.tape);
        let (error, gradients) = (loss.item(), task.tape.try_backward(loss)?);
        (cost, least) = (cost + 3, least.min(error));
        if error < options.target {
            return Ok(Outcome { cost: Some(cost), error });
        }
        adam.step(&mut task.store, &gradients)?;
    }
    Ok(Outcome { cost: None, error: least })
}

/// Keep what is better; wider steps after a success, narrower ones after a failure.
fn one_plus_one(task: &mut Task, options: &Options, rng: &mut ChaCha8Rng) -> rnn::Result<Outcome> {
    let (mut best, mut error, mut sigma) = (task.parameters(), task.error(), 0.1);
    for cost in 2..=options.budget {
        let noise = task.noise(rng);
        task.moved(&best, sigma, &noise);
        let tried = task.error();
        if tried < error {
            (best, error) = (task.parameters(), tried);
            sigma *= 1.22;
        } else {
            sigma *= 0.95;
        }
        if error < options.target {
            return Ok(Outcome { cost: Some(cost), error });
        }
    }
    Ok(Outcome { cost: None, error })
}

/// g = 1/(2nσ) Σ (L(θ + σe) − L(θ − σe)) e over n directions, given to Adam.
fn antithetic(task: &mut Task, options: &Options, rng: &mut ChaCha8Rng) -> rnn::Result<Outcome> {
    const DIRECTIONS: usize = 20;
    const SIGMA: f64 = 0.05;
    let mut adam = Adam::new(1e-2);
    let (mut cost, mut least) = (0, f64::INFINITY);
    while cost < options.budget {
        let here = task.parameters();
        let error = task.error();
        least = least.min(error);
        cost += 2 * DIRECTIONS + 1;
        if error < options.target {
            return Ok(Outcome { cost: Some(cost), error });
        }
        let mut slope: Vec<ArrayD<f64>> = here.iter().map(|a| ArrayD::zeros(a.raw_dim())).collect();
        for _ in 0..DIRECTIONS {
            let noise = task.noise(rng);
            let mut at = |by: f64| {
                task.moved(&here, by, &noise);
                task.error()
            };
            let weight = (at(SIGMA) - at(-SIGMA)) / (2.0 * SIGMA * DIRECTIONS as f64);
            slope.iter_mut().zip(&noise).for_each(|(slope, e)| slope.scaled_add(weight, e));
        }
        task.moved(&here, 0.0, &slope);
        // The estimate takes the place of a gradient: swept from a loss that has it for its slope.
        task.tape.clear();
        let p = task.store.bind(&task.tape);
        let terms =
            task.store.ids().zip(&slope).map(|(id, g)| (p.var(id) * task.tape.constant(g)).sum());
        let Some(sum) = terms.reduce(|a, b| a + b) else { break };
        let gradients = task.tape.try_backward(sum)?;
        adam.step(&mut task.store, &gradients)?;
    }
    Ok(Outcome { cost: None, error: least })
}

type Method = fn(&mut Task, &Options, &mut ChaCha8Rng) -> rnn::Result<Outcome>;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let methods: [(&str, Method); 3] = [
        ("backpropagation through time", gradient),
        ("(1 + 1) evolution strategy", one_plus_one),
        ("antithetic evolution strategy", antithetic),
    ];
    let parameters = options.hidden * (options.hidden + 3) + 1;
    println!(
        "{parameters} parameters, mean squared error {} wanted, cost in forward passes\n",
        options.target
    );
    println!("{:30}  {:>5}  {:>8}  {:>10}", "", "seed", "cost", "error");
    for (name, method) in methods {
        for seed in 0..options.seeds {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut task = Task::new(&options, &mut rng)?;
            let Outcome { cost, error } = method(&mut task, &options, &mut rng)?;
            let cost = cost.map_or(format!("> {}", options.budget), |cost| cost.to_string());
            println!("{name:30}  {seed:>5}  {cost:>8}  {error:>10.2e}");
        }
    }
    Ok(())
}
