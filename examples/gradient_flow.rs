//! How far back a gradient comes, cell by cell and by how it was initialised.
//!
//! The state is read at the last step only, in a random direction. The table has `‖dL/ds_{T−k}‖ / ‖dL/ds_T‖` at some lags k, the
//! geometric mean of several trials (of an LSTM, s is h and c), and the first lag at which less than a hundredth arrives. "Eight or ten steps", as one reads, is
//! no law of recurrent networks: it is what a common way to draw the first weights makes of them.
//!
//! ```text
//! cargo run --release --example gradient_flow [-- --trials 20 --hidden 64 --out out/flow.svg]
//! ```

use clap::Parser;
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Cell, Elman, Gru, Input, Lstm, ParamStore,
    cells::{gru, lstm},
    diagnose::Unrolled,
    init::{GlorotUniform, Init, Normal, Orthogonal, Uniform},
};
use std::{error::Error, fs, path::PathBuf};
use tape::Tape;

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
        // The whole state: of an LSTM, h and c. At T it is h alone that the loss reads.
        let gradients = run.gradients();
        let square = |array: &ArrayD<f64>| array.mapv(|x| x * x).sum();
        let arrived = |t: usize| run.state(t).iter().map(|&part| square(&gradients[part])).sum();
        let own = square(&direction);
        let norm =
            |k: usize| if k == 0 { own.sqrt() } else { f64::sqrt(arrived(options.steps - k)) };
        for (k, log) in logs.iter_mut().enumerate() {
            *log += (norm(k) / norm(0)).ln();
        }
    }
    let shares = logs.iter().map(|log| (log / options.trials as f64).exp()).collect();
    Ok(Line { name, shares })
}

/// How recurrent weights `[H, H]` are drawn.
type Draw = fn(&[usize], &mut ChaCha8Rng) -> ArrayD<f64>;

fn table(options: &Options) -> rnn::Result<Vec<Line>> {
    let (h, x) = (options.hidden, options.inputs);
    let default = Uniform::recurrent(h);
    // All else is drawn as by default, so that only U and f differ.
    let elman = |name, f: Activation<f64>, draw: Draw| {
        line(name, options, |store, rng| {
            let cell = Elman::new(store, "rnn", (x, h), &default, rng)?.with_activation(f);
            *store.get_mut(cell.u) = draw(&[h, h], rng);
            Ok(cell)
        })
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
    let glorot: Draw = |shape, rng| GlorotUniform.sample(shape, rng);
    Ok(vec![
        elman("tanh, U(±1/√H)", Activation::Tanh, |shape, rng| {
            Uniform::recurrent(shape[0]).sample(shape, rng)
        })?,
        elman("tanh, Glorot", Activation::Tanh, glorot)?,
        elman("tanh, orthogonal", Activation::Tanh, |shape, rng| {
            Orthogonal::default().sample(shape, rng)
        })?,
        elman("tanh, N(0, 1.5²/H)", Activation::Tanh, |shape, rng| {
            Normal { std: 1.5 / (shape[0] as f64).sqrt() }.sample(shape, rng)
        })?,
        elman("sigmoid, Glorot", Activation::Sigmoid, glorot)?,
        elman("ReLU, Glorot", Activation::Relu, glorot)?,
        line("ReLU, identity (IRNN)", options, |store, rng| {
            Elman::irnn(store, "rnn", (x, h), 1.0, rng)
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
