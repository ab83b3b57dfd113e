//! Steps timed in turns, so that what disturbs the machine disturbs all variants alike.

use rnn::Result;
use std::{
    fs,
    time::{Duration, Instant},
};

/// Something that computes the same gradient again and again.
pub(crate) trait GradientStep {
    /// Lets the next step be the first of the stream.
    fn restart(&mut self);
    /// Wakes whoever takes part. Not timed.
    fn ready(&mut self) -> Result<()> {
        Ok(())
    }
    /// One gradient step, complete when it returns: the loss.
    fn step(&mut self) -> Result<f64>;
    /// The Euclidean norm of the last step's gradients.
    fn grad_norm(&self) -> f64;
}

const LEAST_STEPS: usize = 15;
const MOST_STEPS: usize = 20_000;
/// Seconds of timing for each variant.
const BUDGET: f64 = 2.5;
const WARM_UP: Duration = Duration::from_millis(500);
/// Steps of one variant follow each other at least this long: very short ones would otherwise time each
/// other's cold caches.
const TURN: f64 = 1e-3;

/// What the first step of a variant showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First {
    pub(crate) seconds: f64,
    pub(crate) loss: f64,
    pub(crate) grad_norm: f64,
    /// Resident memory before, in MiB. Where several variants share the process, the later ones find the
    /// memory of the earlier in it.
    pub(crate) setup_rss: Option<f64>,
    /// Resident memory at most, in MiB, after some steps.
    pub(crate) peak_rss: Option<f64>,
}

/// The first step, then some more, by which time memory has stopped growing.
pub(crate) fn first(variant: &mut dyn GradientStep) -> Result<First> {
    let setup_rss = resident("VmRSS");
    // Where the system does not let the peak start anew, the peak of the process stands in for it.
    let _ = fs::write("/proc/self/clear_refs", "5");
    variant.restart();
    variant.ready()?;
    let start = Instant::now();
    let loss = variant.step()?;
    let seconds = start.elapsed().as_secs_f64();
    let grad_norm = variant.grad_norm();
    for _ in 0..3 {
        variant.step()?;
    }
    Ok(First { seconds, loss, grad_norm, setup_rss, peak_rss: resident("VmHWM") })
}

/// Seconds of single steps, in rising order.
#[derive(Debug)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// The `q`-quantile, interpolated.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let at = q * (self.0.len() - 1) as f64;
        let (low, high) = (self.0[at.floor() as usize], self.0[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The times of all variants, and processor time over wall time while they were taken.
pub(crate) fn in_turns(
    variants: &mut [&mut (dyn GradientStep + '_)],
) -> Result<(Vec<Times>, Option<f64>)> {
    let mut turns = Vec::new();
    for variant in variants.iter_mut() {
        let (start, mut steps) = (Instant::now(), 0);
        while steps < 3 || start.elapsed() < WARM_UP {
            variant.step()?;
            steps += 1;
        }
        let step = start.elapsed().as_secs_f64() / f64::from(steps);
        turns.push((TURN / step).ceil() as usize);
    }
    let mut times = vec![Vec::new(); variants.len()];
    let (wall, cpu) = (Instant::now(), processor_seconds());
    let budget = BUDGET * variants.len() as f64;
    let enough = |times: &[Vec<f64>]| {
        times.iter().all(|times| times.len() >= LEAST_STEPS)
            && (wall.elapsed().as_secs_f64() > budget
                || times.iter().all(|times| times.len() >= MOST_STEPS))
    };
    while !enough(&times) {
        for ((variant, times), &turn) in variants.iter_mut().zip(&mut times).zip(&turns) {
            for _ in 0..turn {
                variant.ready()?;
                let start = Instant::now();
                variant.step()?;
                times.push(start.elapsed().as_secs_f64());
            }
        }
    }
    let cores =
        processor_seconds().zip(cpu).map(|(now, then)| (now - then) / wall.elapsed().as_secs_f64());
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    Ok((times.into_iter().map(Times).collect(), cores))
}

/// Resident memory in MiB: `VmRSS` now, `VmHWM` at most. Linux only.
fn resident(field: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

/// Processor time of all threads. Linux only.
fn processor_seconds() -> Option<f64> {
    let nanoseconds = |path: std::path::PathBuf| {
        fs::read_to_string(path).ok()?.split_whitespace().next()?.parse::<f64>().ok()
    };
    let threads = fs::read_dir("/proc/self/task").ok()?.flatten();
    threads
        .map(|thread| nanoseconds(thread.path().join("schedstat")))
        .sum::<Option<f64>>()
        .map(|sum| sum * 1e-9)
}
