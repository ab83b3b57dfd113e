//! One gradient, found backwards and forwards: what each costs.
//!
//! Backpropagation through time keeps every step and sweeps once. Real-time recurrent learning keeps one step and the influence matrix, and
//! sweeps once for each number of the state, at every step. A window that carries the matrix over its edge lies between. All three are exact;
//! SnAp-1 and UORO cost less than RTRL and are not.
//!
//! ```text
//! cargo run --release --example rtrl_vs_bptt [-- --steps 200 --hidden 4,8,16,32]
//! ```

use clap::Parser;
use ndarray::{Array3, ArrayD};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Gru, Input, ParamStore,
    bptt::{Truncation, Unrolling},
    cells::gru::Form,
    init::Uniform,
    online::{Influence, Online, Rtrl, Snap1, Uoro},
};
use std::{collections::BTreeMap, error::Error, time::Instant};
use tape::{Gradients, ParamId, Tape, Var};

#[derive(Parser)]
#[command(
    about = "Backpropagation through time against real-time recurrent learning: gradients and costs"
)]
struct Options {
    /// T, the steps of the sequence.
    #[arg(long, default_value_t = 200)]
    steps: usize,
    /// H, the units.
    #[arg(long, value_delimiter = ',', default_values_t = [4, 8, 16, 32])]
    hidden: Vec<usize>,
    /// The window that carries the matrix.
    #[arg(long, default_value_t = 20)]
    window: usize,
}

/// A recurrence and the sequence it reads.
struct Problem {
    store: ParamStore<f64>,
    cell: Gru<f64>,
    steps: usize,
}

type Sums = BTreeMap<ParamId, ArrayD<f64>>;

fn add(sums: &mut Sums, gradients: &Gradients<f64>) {
    for (id, g) in gradients.params() {
        match sums.get_mut(&id) {
            Some(sum) => *sum += g,
            None => drop(sums.insert(id, g.clone())),
        }
    }
}

/// The sum of the gradients, the most bytes on the tape, and the seconds.
type Outcome = Result<(Sums, usize, f64), Box<dyn Error>>;

impl Problem {
    fn inputs<'t>(
        &self,
        tape: &'t Tape<f64>,
        from: usize,
        count: usize,
    ) -> Input<'t, 'static, f64> {
        let wave = |(t, _, k)| ((from + t) as f64 * 0.7 + 2.0 * k as f64).sin();
        Input::Dense(tape.constant(Array3::from_shape_fn((count, 1, 2), wave)))
    }

    /// The weights of the losses are turned from step to step, so that no loss is like another.
    fn loss<'t>(outputs: Var<'t, f64>, from: usize) -> Var<'t, f64> {
        let shape = outputs.shape();
        let turn = |(t, _, k)| ((from + t) as f64 * 0.3 + k as f64).cos();
        let weights = Array3::from_shape_fn((shape[0], shape[1], shape[2]), turn);
        (outputs.square() * outputs.tape().constant(weights)).sum()
    }

    fn backwards(&self) -> Outcome {
        let (begun, tape) = (Instant::now(), Tape::new());
        let mut run =
            Unrolling::new(&tape, &self.cell, Truncation::Full, self.cell.zeros(&tape, 1));
        let block = run.advance(self.store.bind(&tape), self.inputs(&tape, 0, self.steps));
        let loss = Self::loss(block.outputs, 0);
        let bytes = tape.bytes();
        let mut sums = Sums::new();
        add(&mut sums, &run.backward(loss)?);
        Ok((sums, bytes, begun.elapsed().as_secs_f64()))
    }

    fn forwards(&self, influence: impl Influence<f64>, window: usize) -> Outcome {
        let (begun, tape) = (Instant::now(), Tape::new());
        let mut run = Online::new(&tape, &self.cell, influence, self.cell.zeros(&tape, 1));
        let (mut sums, mut bytes) = (Sums::new(), 0);
        while run.time() < self.steps {
            let (from, count) = (run.time(), window.min(self.steps - run.time()));
            let inputs = self.inputs(&tape, from, count);
            let block = run.advance(self.store.bind(&tape), inputs);
            let loss = Self::loss(block.outputs, from);
            bytes = bytes.max(tape.bytes());
            add(&mut sums, &run.backward(loss)?);
        }
        Ok((sums, bytes, begun.elapsed().as_secs_f64()))
    }
}

/// ‖a − b‖ / ‖b‖ over all parameters.
fn apart(a: &Sums, b: &Sums) -> f64 {
    let square = |x: &ArrayD<f64>| x.iter().map(|x| x * x).sum::<f64>();
    let off: f64 = b.iter().map(|(id, b)| a.get(id).map_or(f64::NAN, |a| square(&(a - b)))).sum();
    (off / b.values().map(square).sum::<f64>()).sqrt()
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { steps, hidden, window } = Options::parse();
    println!("GRU, one row, {steps} steps, a loss at each\n");
    println!(
        "{:>4} | {:<22} | {:>9} | {:>12} | {:>12} | off by",
        "H", "method", "seconds", "tape, bytes", "past, bytes"
    );
    for hidden in hidden {
        let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(1));
        let init = Uniform::recurrent(hidden);
        let cell = Gru::new(&mut store, "gru", (2, hidden), Form::default(), &init, &mut rng)?;
        let parameters = store.elements();
        let problem = Problem { store, cell, steps };
        let full = problem.backwards()?;
        let matrix = 2 * hidden * parameters * 8;
        let uoro = Uoro::new(ChaCha8Rng::seed_from_u64(7));
        let (product, entries) = ((hidden + parameters) * 8, 2 * parameters * 16);
        let rows = [
            ("BPTT".to_owned(), problem.backwards()?, 0),
            (
                format!("RTRL, window of {window}"),
                problem.forwards(Rtrl::default(), window)?,
                matrix,
            ),
            ("RTRL".to_owned(), problem.forwards(Rtrl::default(), 1)?, matrix),
            ("SnAp-1".to_owned(), problem.forwards(Snap1::default(), 1)?, entries),
            ("UORO".to_owned(), problem.forwards(uoro, 1)?, product),
        ];
        for (name, (sums, bytes, seconds), past) in rows {
            let off = apart(&sums, &full.0);
            println!(
                "{hidden:>4} | {name:<22} | {seconds:>9.4} | {bytes:>12} | {past:>12} | {off:.1e}"
            );
            if (name.starts_with("RTRL") || name == "BPTT") && (off.is_nan() || off > 1e-11) {
                return Err(format!("{name} should be exact").into());
            }
        }
    }
    println!(
        "\nBPTT's tape grows with T, the others' do not. RTRL's time grows with H⁴ in the end, BPTT's with H²."
    );
    Ok(())
}
