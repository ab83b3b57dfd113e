//! A window of 64 steps that moves by one: does a step cost one step forward and 64 back, and nothing else?
//!
//! ```text
//! cargo bench -p bptt-rnn --bench sliding -- [--steps 100000] [--hidden 32] [--batch 1]
//! ```
//!
//! Three things are timed in turns, so that what disturbs the machine disturbs all alike: a step of the stream; a step forward without a
//! sweep, in a window of the same length; and a sweep back through 64 steps that have been recorded once. The tape's memory is
//! printed as well, after the first steps and at the end.

use ndarray::{Array3, ArrayD};
use rand::SeedableRng;
use rnn::{
    Cell, Gru, Input, ParamStore, Result,
    bptt::{Truncation, Unrolling, Window},
    cells::gru::Form,
    init::Uniform,
};
use std::time::Instant;
use tape::Tape;

const WINDOW: usize = 64;
/// Steps of one kind that follow each other, so that short ones do not time each other's cold caches.
const TURN: usize = 50;

fn option(name: &str, otherwise: usize) -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Seconds.
fn timed(act: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    act()?;
    Ok(start.elapsed().as_secs_f64())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() -> Result<()> {
    let (steps, hidden, batch) =
        (option("--steps", 100_000), option("--hidden", 32), option("--batch", 1));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let (mut store, init) = (ParamStore::<f32>::new(), Uniform::recurrent(hidden));
    let cell = Gru::new(&mut store, "gru", (8, hidden), Form::default(), &init, &mut rng)?;
    let x: ArrayD<f32> =
        Array3::from_shape_fn((1, batch, 8), |(_, b, i)| ((3 * b + i) as f32).sin()).into_dyn();

    let truncation = || Window::new(1, WINDOW).map(Truncation::Window);
    let (sliding, forward, backward) = (Tape::new(), Tape::new(), Tape::new());
    let mut stream = Unrolling::new(&sliding, &cell, truncation()?, cell.zeros(&sliding, batch));
    let mut onward = Unrolling::new(&forward, &cell, truncation()?, cell.zeros(&forward, batch));
    let mut window = Unrolling::new(&backward, &cell, truncation()?, cell.zeros(&backward, batch));
    let mut last = None;
    for _ in 0..2 * WINDOW {
        let block = window.advance(store.bind(&backward), Input::Dense(backward.constant(&x)));
        last = Some(block.outputs.square().sum());
    }

    let (mut whole, mut there, mut back) = (Vec::new(), Vec::new(), Vec::new());
    let mut early = 0;
    for turn in 0..steps.div_ceil(TURN) {
        whole.push(timed(|| {
            for _ in 0..TURN {
                let p = store.bind(&sliding);
                let block = stream.advance(p, Input::Dense(sliding.constant(&x)));
                let gradients = stream.backward(block.outputs.square().sum())?;
                std::hint::black_box(&gradients);
            }
            Ok(())
        })?);
        there.push(timed(|| {
            for _ in 0..TURN {
                let p = store.bind(&forward);
                let block = onward.advance(p, Input::Dense(forward.constant(&x)));
                std::hint::black_box(block.outputs.square().sum().item());
            }
            Ok(())
        })?);
        // A sweep takes as long as all else together: fewer of them tell as much.
        if let Some(loss) = last.filter(|_| turn % 2 == 0) {
            back.push(timed(|| {
                for _ in 0..TURN {
                    std::hint::black_box(&backward.try_backward(loss)?);
                }
                Ok(())
            })?);
        }
        if turn * TURN <= 4 * WINDOW {
            early = early.max(sliding.bytes());
        }
    }
    let per_step = |times: &mut [f64]| median(times) / TURN as f64 * 1e6;
    let (whole, there, back) = (per_step(&mut whole), per_step(&mut there), per_step(&mut back));
    println!(
        "GRU, {hidden} units, {batch} row(s), f32, a window of {WINDOW} that moves by 1, {steps} steps"
    );
    println!("a step of the stream        {whole:9.2} µs");
    println!("1 step forward              {there:9.2} µs");
    println!("{WINDOW} steps back               {back:9.2} µs");
    println!("ratio                       {:9.3}", whole / (there + back));
    println!("the tape, at most early on  {:9} KiB", early / 1024);
    println!("the tape, at the end        {:9} KiB", sliding.bytes() / 1024);
    Ok(())
}
