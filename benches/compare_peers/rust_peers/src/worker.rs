//! A peer's process: it gets a step ready, says what the step computed, and times it whenever it is asked to.
//!
//! The conversation is that of `../../worker.py`: one JSON line about the first step, then one for each number of
//! seconds read, until the input ends.

use crate::Failure;
use std::{fs, io, time::Instant};

const LEAST_STEPS: usize = 3;
const MOST_STEPS: usize = 5000;
const WARM_UP: f64 = 0.1;

/// One workload in one library.
pub(crate) trait Peer {
    const VERSION: &'static str;
    /// One gradient step, complete when it returns.
    fn step(&mut self) -> Result<(), Failure>;
    /// The last step's loss, and the square of its gradient's norm.
    fn found(&self) -> Result<(f64, f64), Failure>;
}

pub(crate) fn serve<P: Peer>(mut peer: P) -> Result<(), Failure> {
    let setup = resident("VmRSS")?;
    fs::write("/proc/self/clear_refs", "5")?; // a new peak
    let first = seconds(&mut peer)?;
    let (loss, square) = peer.found()?;
    for _ in 0..3 {
        peer.step()?;
    }
    println!(
        r#"{{"version": "{}", "loss": {loss}, "grad_norm": {}, "first_step_s": {first}, "setup_rss_mib": {setup}, "step_rss_mib": {}}}"#,
        P::VERSION,
        square.sqrt(),
        resident("VmHWM")? - setup
    );
    for line in io::stdin().lines() {
        timed(&mut peer, line?.trim().parse()?)?;
    }
    Ok(())
}

/// Steps for so many seconds, after some that are not counted: others had the caches.
fn timed<P: Peer>(peer: &mut P, budget: f64) -> Result<(), Failure> {
    let start = Instant::now();
    peer.step()?;
    while start.elapsed().as_secs_f64() < WARM_UP.min(budget / 4.0) {
        peer.step()?;
    }
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < LEAST_STEPS
        || (start.elapsed().as_secs_f64() < budget && times.len() < MOST_STEPS)
    {
        times.push(seconds(peer)?);
    }
    times.sort_by(f64::total_cmp);
    let median = (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0;
    println!(r#"{{"median_s": {median}, "min_s": {}, "steps": {}}}"#, times[0], times.len());
    Ok(())
}

fn seconds<P: Peer>(peer: &mut P) -> Result<f64, Failure> {
    let start = Instant::now();
    peer.step()?;
    Ok(start.elapsed().as_secs_f64())
}

/// Resident memory in MiB: `VmRSS` now, `VmHWM` at its peak.
fn resident(field: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field)).ok_or("no such field")?;
    let kibibytes: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kibibytes / 1024.0)
}
