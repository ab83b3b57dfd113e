//! How far back a gradient comes, cell by cell and by how it was initialised.
//!
//! The state is read at the last step only, in a random direction. The table has `‖dL/dh_{T−k}‖ / ‖dL/dh_T‖` at some lags k, the
//! geometric mean of several trials, and the first lag at which less than a hundredth arrives. "Eight or ten steps", as one reads, is
//! no law of recurrent networks: it is what a common way to draw the first weights makes of them.
//!
//! ```text
//! cargo run --release --example gradient_flow [-- --trials 20 --hidden 64 --out out/flow.svg]
//! ```

use clap::Parser;
use ndarray::ArrayD;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Cell, Elman, Gru, Input, Lstm, ParamStore,
    cells::{gru, lstm},
    diagnose::Unrolled,
    init::{GlorotUniform, Init, Normal, Orthogonal, Uniform, Zeros},
};
use std::{error::Error, fs, path::PathBuf};
use tape::{Real, Tape};

#[derive(Parser)]
#[command(about = "The share of a gradient that arrives k steps back, by cell and first weights")]
struct Options {
    /// H, the units.
    #[arg(long, default_value_t = 64)]
    hidden: usize,
    /// X, the inputs, drawn from N(0, 1).
    #[arg(long, default_value_t = 16)]
    inputs: usize,
    /// T, the steps.
    #[arg(long, default_value_t = 60)]
    steps: usize,
    /// Trials with fresh weights and inputs.
    #[arg(long, default_value_t = 20)]
    trials: u64,
    /// Where the heat map of one LSTM goes (every loss against every state).
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Matrices by one rule, biases 0.
struct Weights<I>(I);

impl<I: Init> Init for Weights<I> {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        if shape.len() == 2 { self.0.sample(shape, rng) } else { Zeros.sample(shape, rng) }
    }
}

/// One line of the table: a cell, drawn afresh for each trial, and its share by lag.
struct Line {
    name: &'static str,
    shares: Vec<f64>,
}

/// The geometric mean, over the trials, of what arrives k steps back, for all k.
fn line<C: Cell<f64>>(
    name: &'static str,
    options: &Options,
    draw: impl Fn(&mut ParamStore<f64>, &mut ChaCha8Rng) -> rnn::Result<C>,
) -> rnn::Result<Line> {
    let mut logs = vec![0.0; options.steps];
    for trial in 0..options.trials {
        let mut rng = ChaCha8Rng::seed_from_u64(trial);
        let mut store = ParamStore::new();
        let cell = draw(&mut store, &mut rng)?;
        let normal = Normal { std: 1.0 };
        let xs: ArrayD<f64> = normal.sample(&[options.steps, 1, options.inputs], &mut rng);
        let direction: ArrayD<f64> = normal.sample(&[1, options.hidden], &mut rng);
        let tape = Tape::new();
        let start = cell.zeros(&tape, 1);
        let xs = Input::Dense(tape.constant(xs));
        let last = options.steps - 1;
        let run = Unrolled::new(&cell, store.bind(&tape), &xs, start, |t, h| {
            if t == last { (h * tape.constant(&direction)).sum() } else { tape.constant(0.0) }
        });
        let total = run.parts().total();
        let norm = |t: usize| total[t].mapv(|x| x * x).sum().sqrt();
        for (k, log) in logs.iter_mut().enumerate() {
            *log += (norm(last - k) / norm(last)).ln();
        }
    }
    let shares = logs.iter().map(|log| (log / options.trials as f64).exp()).collect();
    Ok(Line { name, shares })
}

fn table(options: &Options) -> rnn::Result<Vec<Line>> {
    let (h, x) = (options.hidden, options.inputs);
    let default = Uniform::recurrent(h);
    let elman = |name,
                 init: fn(
        &mut ParamStore<f64>,
        (usize, usize),
        &mut ChaCha8Rng,
    ) -> rnn::Result<Elman<f64>>| {
        line(name, options, |store, rng| init(store, (x, h), rng))
    };
    let lstm = |name, bias: Option<f64>, longest: Option<f64>| {
        line(name, options, |store, rng| {
            let form = lstm::Form { forget_bias: bias, ..lstm::Form::default() };
            let cell = Lstm::new(store, "rnn", (x, h), form, &default, rng)?;
            if let Some(longest) = longest {
                cell.chrono(store, longest, rng)?;
            }
            Ok(cell)
        })
    };
    Ok(vec![
        line("tanh, U(±1/√H)", options, |store, rng| {
            Elman::new(store, "rnn", (x, h), &default, rng)
        })?,
        elman("tanh, Glorot", |store, sizes, rng| {
            Elman::new(store, "rnn", sizes, &Weights(GlorotUniform), rng)
        })?,
        elman("tanh, orthogonal", |store, sizes, rng| {
            let cell = Elman::new(store, "rnn", sizes, &Weights(GlorotUniform), rng)?;
            *store.get_mut(cell.u) = Orthogonal::default().sample(&[sizes.1, sizes.1], rng);
            Ok(cell)
        })?,
        elman("tanh, N(0, 1.5²/H)", |store, sizes, rng| {
            let cell = Elman::new(store, "rnn", sizes, &Weights(GlorotUniform), rng)?;
            let init = Normal { std: 1.5 / (sizes.1 as f64).sqrt() };
            *store.get_mut(cell.u) = init.sample(&[sizes.1, sizes.1], rng);
            Ok(cell)
        })?,
        elman("sigmoid, Glorot", |store, sizes, rng| {
            let cell = Elman::new(store, "rnn", sizes, &Weights(GlorotUniform), rng)?;
            Ok(cell.with_activation(Activation::Sigmoid))
        })?,
        elman("ReLU, Glorot", |store, sizes, rng| {
            let cell = Elman::new(store, "rnn", sizes, &Weights(GlorotUniform), rng)?;
            Ok(cell.with_activation(Activation::Relu))
        })?,
        elman("ReLU, identity (IRNN)", |store, sizes, rng| {
            Elman::irnn(store, "rnn", sizes, 1.0, rng)
        })?,
        lstm("LSTM, forget bias 0", Some(0.0), None)?,
        lstm("LSTM, forget bias 1", Some(1.0), None)?,
        lstm("LSTM, chrono (60)", None, Some(60.0))?,
        line("GRU", options, |store, rng| {
            Gru::new(store, "rnn", (x, h), gru::Form::default(), &default, rng)
        })?,
    ])
}

/// Every loss of an LSTM against every earlier state.
fn picture(options: &Options) -> rnn::Result<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut store = ParamStore::<f64>::new();
    let form = lstm::Form { forget_bias: Some(1.0), ..lstm::Form::default() };
    let (h, x) = (options.hidden, options.inputs);
    let cell = Lstm::new(&mut store, "rnn", (x, h), form, &Uniform::recurrent(h), &mut rng)?;
    let xs: ArrayD<f64> = Normal { std: 1.0 }.sample(&[options.steps, 1, x], &mut rng);
    let tape = Tape::new();
    let xs = Input::Dense(tape.constant(xs));
    let start = cell.zeros(&tape, 1);
    let run = Unrolled::new(&cell, store.bind(&tape), &xs, start, |_, h| h.square().sum());
    Ok(run.flow().heat_map().to_svg())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if options.steps == 0 || options.trials == 0 {
        return Err("nothing to measure: give --steps and --trials 1 or more".into());
    }
    let lags: Vec<usize> = [5, 10, 20, 50].into_iter().filter(|&k| k < options.steps).collect();
    print!("{:22}", "");
    lags.iter().for_each(|k| print!("  {:>8}", format!("k = {k}")));
    println!("  {:>12}", "first < 1 %");
    for Line { name, shares } in table(&options)? {
        print!("{name:22}");
        lags.iter().for_each(|&k| print!("  {:>8.1e}", shares[k]));
        let first = shares.iter().position(|&share| share < 0.01);
        println!("  {:>12}", first.map_or("never".into(), |k| k.to_string()));
    }
    if let Some(path) = &options.out {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, picture(&options)?)?;
        println!("\nEvery loss of an LSTM against every earlier state: {}", path.display());
    }
    Ok(())
}
