//! Gradient steps in candle and burn: `rust-peers candle|burn WORKLOAD`, spoken to as `worker.rs` says.
//!
//! The workloads and their numbers are those of our own bench, from the same files.

#[allow(dead_code, unused_qualifications)] // our bench asks for more
#[path = "../../../../crates/rnn/benches/gradient_step/data.rs"]
mod data;
#[allow(dead_code)]
#[path = "../../../../crates/rnn/benches/gradient_step/workload.rs"]
mod workload;

mod burn_step;
mod candle_step;
mod parameters;
mod worker;

use std::{error::Error, thread};
use workload::{Precision, WORKLOADS};

type Failure = Box<dyn Error + Send + Sync>;

fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (peer, name) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let workload = *WORKLOADS.iter().find(|w| w.name == name).ok_or("no such workload")?;
    match (peer.as_str(), workload.precision) {
        ("candle", Precision::F32) => candle_step::run::<f32>(workload),
        ("candle", Precision::F64) => candle_step::run::<f64>(workload),
        ("burn", Precision::F32) => burn_step::run::<f32>(workload),
        ("burn", Precision::F64) => burn_step::run::<f64>(workload),
        _ => Err("the peers are candle and burn".into()),
    }
}

fn main() -> Result<(), Failure> {
    // candle's backward pass recurses over the graph: 2000 steps do not fit the usual stack.
    let thread = thread::Builder::new().stack_size(2 << 30).spawn(run)?;
    thread.join().map_err(|_| "the step panicked")?
}
