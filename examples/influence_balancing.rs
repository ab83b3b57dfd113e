//! Where truncation walks away from the answer, and truncation at random does not.
//!
//! A number θ is fed to n units, to the first p of them as it is, to the others with its sign turned; each unit passes half of what it holds
//! to the one before it.
//!
//! ```text
//! sₜ₊₁ = A sₜ + θ σ,   A = ½ on the diagonal and on the one above,   L = ½ (s¹ − 1)²
//! ```
//!
//! In the long run s¹ = 2 (p − q) θ, which falls as θ grows, for the units with the turned sign are more, and further away. Within a
//! short window only the near ones are seen, and s¹ seems to grow with θ. So TBPTT descends in the wrong direction until the
//! window is several times longer than any unit remembers. (C. Tallec and Y. Ollivier, 2017, section 5.1, with the constants of the
//! problem as others have repeated it.)
//!
//! ```text
//! cargo run --release --example influence_balancing [-- --steps 200000 --seeds 3]
//! ```

use clap::Parser;
use ndarray::{Array2, Array3, arr0};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Input, ParamStore, Readout, Widths,
    bptt::{Randomized, Truncation, Window},
};
use std::{error::Error, ops::Range};
use tape::{Gradients, ParamId, Tape, Var};

/// sₜ₊₁ = sₜ Aᵀ + θ xₜ, for inputs that are σ at every step.
struct Balance {
    theta: ParamId,
    transposed: ParamId,
    units: usize,
}

impl Cell<f64> for Balance {
    type State<'t> = Var<'t, f64>;

    fn widths(&self) -> Widths {
        [self.units].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, f64>, x: Input<'t, '_, f64>) -> Var<'t, f64> {
        x.dense(p.tape()) * p.var(self.theta)
    }

    fn step<'t>(&self, p: Bound<'t, '_, f64>, x: Var<'t, f64>, s: Var<'t, f64>) -> Var<'t, f64> {
        s.matmul(p.var(self.transposed).detach()) + x
    }
}

#[derive(Parser)]
#[command(about = "Influence balancing: truncated BPTT diverges, randomized truncation converges")]
struct Options {
    /// Steps of the recurrence for each method.
    #[arg(long, default_value_t = 200_000)]
    steps: usize,
    /// Runs of each randomized method.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
}

/// The problem with p units of one sign and q of the other.
struct Problem {
    store: ParamStore<f64>,
    cell: Balance,
    sigma: Array2<f64>,
    /// θ* = 1/(2 (p − q))
    best: f64,
}

impl Problem {
    fn new(p: usize, q: usize) -> rnn::Result<Self> {
        let (mut store, units) = (ParamStore::new(), p + q);
        let half = |(j, i)| if i == j || i + 1 == j { 0.5 } else { 0.0 };
        let cell = Balance {
            theta: store.add("theta", arr0(0.5).into_dyn())?,
            transposed: store.add("a", Array2::from_shape_fn((units, units), half).into_dyn())?,
            units,
        };
        let sigma = Array2::from_shape_fn((1, units), |(_, i)| if i < p { 1.0 } else { -1.0 });
        Ok(Self { store, cell, sigma, best: 0.5 / (p as f64 - q as f64) })
    }

    fn start<'t>(&self, tape: &'t Tape<f64>) -> Var<'t, f64> {
        tape.constant(Array2::ones((1, self.cell.units)))
    }

    fn inputs<'t>(&self, tape: &'t Tape<f64>, steps: Range<usize>) -> Input<'t, 'static, f64> {
        let n = steps.len();
        Input::Dense(tape.constant(Array3::from_shape_fn((n, 1, self.cell.units), |(_, _, i)| {
            self.sigma[[0, i]]
        })))
    }
}

/// ½ Σₜ (s¹ₜ − 1)²
fn loss(outputs: Var<'_, f64>) -> Var<'_, f64> {
    (outputs.slice(2, 0..1) - 1.0).square().sum() * 0.5
}

/// θ −= η ḡ / length, until it is hopeless: where that was, or θ at the end.
#[derive(Debug, Default)]
struct Descent {
    made: usize,
    diverged: Option<usize>,
    theta: f64,
}

const HOPELESS: f64 = 1e6;

impl Descent {
    fn update(
        &mut self,
        rate: f64,
        length: usize,
        cell: &Balance,
        store: &mut ParamStore<f64>,
        gradients: &Gradients<f64>,
    ) {
        if self.diverged.is_some() {
            return;
        }
        self.made += length;
        let theta = store.get_mut(cell.theta);
        theta.scaled_add(-rate, &gradients[cell.theta]);
        self.theta = theta.sum();
        if !self.theta.is_finite() || self.theta.abs() > HOPELESS {
            self.diverged = Some(self.made);
        }
    }

    fn outcome(&self, best: f64) -> String {
        match self.diverged {
            Some(step) => format!("diverged at step {step}"),
            None => format!("θ = {:+.7}, off by {:.0e}", self.theta, (self.theta - best).abs()),
        }
    }
}

/// TBPTT(length, length) with the rate 10⁻³.
fn truncated(length: usize, steps: usize, units: (usize, usize)) -> rnn::Result<Descent> {
    let problem = Problem::new(units.0, units.1)?;
    let (tape, mut store, mut descent) = (Tape::new(), problem.store.clone(), Descent::default());
    let window = Window::new(length, length)?.flush(false);
    Truncation::Window(window).run(
        &tape,
        &problem.cell,
        &mut store,
        |_| problem.start(&tape),
        steps,
        Readout::After,
        |_, steps| problem.inputs(&tape, steps),
        |_, block| loss(block.outputs),
        |store, gradients| {
            descent.update(1e-3 / length as f64, length, &problem.cell, store, gradients);
            Ok(())
        },
    )?;
    Ok(descent)
}

/// ARTBP with the rate 3·10⁻⁴: how it ended, and the longest segment.
fn randomized(
    (mean, alpha): (f64, f64),
    seed: u64,
    steps: usize,
    units: (usize, usize),
) -> rnn::Result<(Descent, usize)> {
    let problem = Problem::new(units.0, units.1)?;
    let (tape, mut store, mut descent) = (Tape::new(), problem.store.clone(), Descent::default());
    let (_, _, tally) = Randomized::by_age(mean, alpha)?.run(
        &tape,
        &problem.cell,
        &mut store,
        |_| problem.start(&tape),
        steps,
        Readout::After,
        &mut ChaCha8Rng::seed_from_u64(seed),
        |_, steps| problem.inputs(&tape, steps),
        |_, block| loss(block.outputs),
        // Divided by the mean length: by the one that was drawn, the gradient would be biased.
        |store, gradients| {
            descent.update(3e-4 / mean, mean as usize, &problem.cell, store, gradients);
            Ok(())
        },
    )?;
    Ok((descent, tally.longest))
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { steps, seeds } = Options::parse();
    for units in [(10, 13), (11, 13)] {
        let problem = Problem::new(units.0, units.1)?;
        println!("{} units up, {} down: the best θ is {:+.7}\n", units.0, units.1, problem.best);
        println!("{:<28}{:>14}  {steps} steps of descent", "", "ds¹/dθ");
        for length in [10, 50, 100, 200] {
            let slope = mean_slope(&problem, length);
            let outcome = truncated(length, steps, units)?.outcome(problem.best);
            println!("{:<28}{slope:>+14.4}  {outcome}", format!("TBPTT({length}, {length})"));
        }
        for rule in [(10.0, 4.0), (16.0, 4.0), (16.0, 6.0), (50.0, 6.0)] {
            for seed in 1..=seeds {
                let name = format!("ARTBP, L₀ = {}, α = {}, #{seed}", rule.0, rule.1);
                let slope = 2.0 * (units.0 as f64 - units.1 as f64);
                let (descent, longest) = randomized(rule, seed, steps, units)?;
                let outcome = descent.outcome(problem.best);
                println!("{name:<28}{slope:>+14.4}  {outcome} (longest segment {longest})");
            }
        }
        println!();
    }
    Ok(())
}

/// ds¹/dθ as the losses of a window of n steps see it, on the average: 1/n Σ_{k ≤ n} of what k lags show.
fn mean_slope(problem: &Problem, n: usize) -> f64 {
    let (mut sums, mut row, mut seen) = (0.0, problem.sigma.row(0).to_vec(), 0.0);
    for _ in 0..n {
        seen += row[0];
        sums += seen;
        for i in 0..row.len() {
            row[i] = 0.5 * (row[i] + row.get(i + 1).copied().unwrap_or(0.0));
        }
    }
    sums / n as f64
}
