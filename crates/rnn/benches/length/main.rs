//! What a step costs when the sequence is long: the same, if nothing is wrong.
//!
//! An LSTM is unrolled over T steps, whole and in windows, and swept. Per step, neither time nor memory may depend on T: the
//! whole sequence takes a tape that grows in proportion, windows take one that stays as it is. `full` sweeps once, from
//! all losses; `windows` sweeps after every 64 steps, as far back as those.
//!
//! ```text
//! cargo bench -p bptt-rnn --bench length -- [--lengths 100,1000,10000] [--hidden 64] [--batch 4] [--seconds 1] [--out FILE.svg]
//! ```

mod cells;
mod chart;

use chart::{LogLog, Panel, Series};
use ndarray::{Array3, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Input, Lstm, ParamStore,
    bptt::{Truncation, Unrolling, Window},
    cells::lstm::Form,
    init::Uniform,
};
use std::{fs, path::PathBuf, time::Instant};
use tape::Tape;

type Failure = Box<dyn std::error::Error>;

/// What the command line asks for.
struct Options {
    lengths: Vec<usize>,
    hidden: usize,
    batch: usize,
    /// For each length and way.
    seconds: f64,
    /// Where the chart goes.
    out: Option<PathBuf>,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let lengths = vec![100, 300, 1000, 3000, 10_000];
        let mut options = Self { lengths, hidden: 64, batch: 4, seconds: 1.0, out: None };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} of what?"));
            match name.as_str() {
                "--bench" => {} // Cargo's own
                "--lengths" => {
                    options.lengths =
                        value()?.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                "--hidden" => options.hidden = value()?.parse()?,
                "--batch" => options.batch = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--out" => options.out = Some(value()?.into()),
                other => return Err(format!("what is {other}?").into()),
            }
        }
        Ok(options)
    }
}

const INPUTS: usize = 16;
/// k₁ and k₂ of the windows.
const WINDOW: usize = 64;
const WAYS: [&str; 2] = ["full", "windows"];

/// What one gradient over a whole sequence took.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    /// On the tape, at most, just before a sweep.
    bytes: usize,
}

struct Model {
    store: ParamStore<f32>,
    cell: Lstm<f32>,
    batch: usize,
}

impl Model {
    /// Unrolls the sequence, a block at a time, and sweeps after each.
    fn gradient(&self, tape: &mut Tape<f32>, xs: &Array3<f32>, way: &str) -> rnn::Result<Cost> {
        let steps = xs.len_of(Axis(0));
        let (truncation, block) = match way {
            "full" => (Truncation::Full, steps),
            _ => (Truncation::Window(Window::new(WINDOW, WINDOW)?), WINDOW),
        };
        let begun = Instant::now();
        tape.clear();
        let (tape, mut bytes) = (&*tape, 0);
        let mut run =
            Unrolling::new(tape, &self.cell, truncation, self.cell.zeros(tape, self.batch));
        for from in (0..steps).step_by(block) {
            let part = xs.slice_axis(Axis(0), Slice::from(from..steps.min(from + block)));
            let outputs =
                run.advance(self.store.bind(tape), Input::Dense(tape.constant(part))).outputs;
            let loss = outputs.square().sum();
            bytes = bytes.max(tape.bytes());
            std::hint::black_box(&run.backward(loss)?);
        }
        Ok(Cost { seconds: begun.elapsed().as_secs_f64(), bytes })
    }

    /// The least time of many.
    fn least(&self, options: &Options, steps: usize, way: &str) -> rnn::Result<Cost> {
        let wave = |(t, row, k)| ((t * (k + 1)) as f32 * 0.1 + row as f32).sin();
        let xs = Array3::from_shape_fn((steps, self.batch, INPUTS), wave);
        let (mut tape, begun) = (Tape::new(), Instant::now());
        let mut least = self.gradient(&mut tape, &xs, way)?;
        let mut rounds = 1;
        while rounds < 3 || begun.elapsed().as_secs_f64() < options.seconds {
            let cost = self.gradient(&mut tape, &xs, way)?;
            least.seconds = least.seconds.min(cost.seconds);
            rounds += 1;
        }
        Ok(least)
    }
}

fn main() -> Result<(), Failure> {
    let options = Options::read(std::env::args().skip(1))?;
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(1), ParamStore::new());
    let (init, sizes) = (Uniform::recurrent(options.hidden), (INPUTS, options.hidden));
    let cell = Lstm::new(&mut store, "lstm", sizes, Form::default(), &init, &mut rng)?;
    let model = Model { store, cell, batch: options.batch };

    let Options { hidden, batch, .. } = options;
    println!("LSTM, {hidden} units, {batch} rows, f32; windows of {WINDOW} steps\n");
    println!(
        "{:>8} {:>8} | {:>10} {:>10} | {:>10} {:>10}",
        "", "T", "ms", "µs/step", "KiB", "KiB/step"
    );
    let (mut times, mut bytes) = (Vec::new(), Vec::new());
    for way in WAYS {
        let (mut time, mut memory) = (Vec::new(), Vec::new());
        for &steps in &options.lengths {
            let Cost { seconds, bytes } = model.least(&options, steps, way)?;
            let (each, kibibytes) = (seconds / steps as f64, bytes as f64 / 1024.0);
            println!(
                "{way:>8} {steps:>8} | {:>10.3} {:>10.3} | {kibibytes:>10.1} {:>10.3}",
                seconds * 1e3,
                each * 1e6,
                kibibytes / steps as f64
            );
            time.push((steps as f64, seconds * 1e3));
            memory.push((steps as f64, kibibytes / 1024.0));
        }
        times.push(Series { name: way, points: time });
        bytes.push(Series { name: way, points: memory });
    }
    cells::print(&options)?;
    if let Some(out) = &options.out {
        let title = format!("One gradient over T steps of an LSTM, H = {hidden}, B = {batch}, f32");
        let panels = [
            Panel { title: "time, ms", series: times },
            Panel { title: "on the tape at most, MiB", series: bytes },
        ];
        fs::write(out, LogLog { title: &title, across: "T, steps", panels: &panels }.to_svg())?;
    }
    Ok(())
}
