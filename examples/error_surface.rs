//! What a recurrence makes of the error surface: a cliff, and ever more local minima.
//!
//! First, one unit iterated fifty times, `xₜ = w σ(xₜ₋₁) + b`, with the error `(σ(x₅₀) − 0.7)²`: the steepest place of a grid over (w, b), after figure 6 of
//! R. Pascanu, T. Mikolov and Y. Bengio, 2013. Around it the surface is as good as flat; across it one step along the gradient leaves the map. Then
//! `hₜ = tanh(g W hₜ₋₁ + xₜ)` with twenty units and a target at step T: how many local minima there are along the one line 0 ≤ g ≤ 4, by T.
//! With T = 1 this is a feed-forward net.
//!
//! ```text
//! cargo run --release --example error_surface [-- --grid 601 --points 8001 --out out/cliff.svg]
//! ```

use clap::Parser;
use ndarray::{Array1, Array2, ArrayD};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    heat_map::HeatMap,
    init::{Init, Normal},
};
use std::{error::Error, fs, path::PathBuf};
use tape::{Tape, forward::Dual};

#[derive(Parser)]
#[command(about = "The cliff of an iterated unit, and the local minima along a line, by T")]
struct Options {
    /// Places on each axis of the map of the cliff.
    #[arg(long, default_value_t = 601)]
    grid: usize,
    /// Places along the line.
    #[arg(long, default_value_t = 8001)]
    points: usize,
    /// Lines, of which the median is shown.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Where a map of |gradient| around the cliff goes.
    #[arg(long)]
    out: Option<PathBuf>,
}

const UNROLLED: usize = 50;

/// The error and its slopes by w and b: on paper, forward, since there are two parameters and a million places.
///
/// ```text
/// sₜ = σ(xₜ),  sₜ′ = sₜ (1 − sₜ)        dxₜ/dw = sₜ₋₁ + w sₜ₋₁′ dxₜ₋₁/dw        dxₜ/db = 1 + w sₜ₋₁′ dxₜ₋₁/db
/// ```
fn iterated(w: f64, b: f64) -> (f64, f64, f64) {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut x, mut dw, mut db) = (0.5, 0.0, 0.0);
    for _ in 0..UNROLLED {
        let s = sigmoid(x);
        let slope = w * s * (1.0 - s);
        (x, dw, db) = (w * s + b, s + slope * dw, 1.0 + slope * db);
    }
    let s = sigmoid(x);
    let outer = 2.0 * (s - 0.7) * s * (1.0 - s);
    ((s - 0.7).powi(2), outer * dw, outer * db)
}

/// The same slopes, by a sweep of the tape.
fn swept(w: f64, b: f64) -> (f64, f64) {
    let tape = Tape::<f64>::new();
    let (w, b) = (tape.leaf(w), tape.leaf(b));
    let last = (0..UNROLLED).fold(tape.constant(0.5), |x, _| w * x.sigmoid() + b);
    let gradients = tape.backward((last.sigmoid() - 0.7).square());
    (gradients[w].sum(), gradients[b].sum())
}

/// The line g ↦ E, and dE/dg by dual numbers, for T steps of twenty units.
fn along_the_line(options: &Options, steps: usize, seed: u64) -> (usize, f64) {
    const UNITS: usize = 20;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal =
        |shape: &[usize], std: f64| -> ArrayD<f64> { Normal { std }.sample(shape, &mut rng) };
    let weights = normal(&[UNITS, UNITS], (UNITS as f64).powf(-0.5));
    let inputs = normal(&[200, UNITS], 1.0);
    let target = normal(&[UNITS], 1.0).mapv(f64::tanh);
    let start = normal(&[UNITS], 1.0).mapv(f64::tanh);
    let error = |g: f64| {
        let mut h: Array1<Dual<f64>> = start.iter().map(|&h| Dual::new(h, 0.0)).collect();
        for t in 0..steps {
            let mut next = h.clone();
            for (i, next) in next.iter_mut().enumerate() {
                let mut a = Dual::new(0.0, 0.0);
                for (j, &h) in h.iter().enumerate() {
                    a += Dual::new(weights[[i, j]], 0.0) * h;
                }
                *next = tape::Real::tanh(Dual::new(g, 1.0) * a + Dual::new(inputs[[t, i]], 0.0));
            }
            h = next;
        }
        let gap = |(h, &y): (&Dual<f64>, &f64)| (*h - Dual::new(y, 0.0)) * (*h - Dual::new(y, 0.0));
        h.iter().zip(&target).map(gap).fold(Dual::new(0.0, 0.0), |sum, term| sum + term)
    };
    let line: Vec<Dual<f64>> =
        (0..options.points).map(|i| error(4.0 * i as f64 / (options.points - 1) as f64)).collect();
    let minima = line.windows(3).filter(|w| w[1].value < w[0].value && w[1].value < w[2].value);
    let steepest = line.iter().map(|e| e.tangent.abs()).fold(0.0, f64::max);
    (minima.count(), steepest)
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if options.grid < 2 || options.points < 3 || options.seeds == 0 {
        return Err("too few places: --grid 2, --points 3 and --seeds 1 are the least".into());
    }
    let place = |from: f64, i: usize| from + 3.0 * i as f64 / (options.grid - 1) as f64;
    let mut slopes = Array2::zeros((options.grid, options.grid));
    let mut steepest = (0.0, 0.0, 0.0, 0.0);
    for ((i, j), slope) in slopes.indexed_iter_mut() {
        let (w, b) = (place(4.0, i), place(-4.0, j));
        let (error, dw, db) = iterated(w, b);
        *slope = f64::hypot(dw, db);
        if *slope > steepest.0 {
            steepest = (*slope, w, b, error);
        }
    }
    let (slope, w, b, error) = steepest;
    let (dw, db) = swept(w, b);
    println!(
        "the cliff: |gradient| {slope:.1} at w = {w:.3}, b = {b:.3}, where the error is {error:.3}"
    );
    println!(
        "the tape says {:.1}; the median of the map is {:.3}\n",
        f64::hypot(dw, db),
        median(slopes.iter().copied().collect())
    );

    println!("{:>5}  {:>12}  {:>14}", "T", "local minima", "largest |dE/dg|");
    for steps in [1, 2, 5, 10, 20, 50, 100] {
        let (minima, steepest): (Vec<_>, Vec<_>) =
            (0..options.seeds).map(|seed| along_the_line(&options, steps, seed)).unzip();
        let minima = median(minima.into_iter().map(|n| n as f64).collect());
        println!("{steps:>5}  {minima:>12}  {:>14.1}", median(steepest));
    }
    if let Some(path) = &options.out {
        let stride = options.grid.div_ceil(61);
        let kept: Vec<usize> = (0..options.grid).step_by(stride).collect();
        let map = HeatMap {
            title: "|gradient| after 50 steps of x = w σ(x) + b".into(),
            rows: kept.iter().map(|&i| format!("w = {:.2}", place(4.0, i))).collect(),
            columns: ("b from −4 to −1, place".into(), 1),
            cells: kept
                .iter()
                .map(|&i| kept.iter().map(|&j| Some(slopes[[i, j]])).collect())
                .collect(),
            floor: 1e-4,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, map.to_svg())?;
    }
    Ok(())
}
