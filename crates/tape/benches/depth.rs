//! A long tape costs what its nodes cost, however many they are.
//!
//! ```text
//! cargo bench -p bptt-tape --bench depth
//! ```
//!
//! A chain `hₜ = w hₜ₋₁` of one-element nodes is recorded, walked through as a table, swept and dropped, at two lengths:
//! nanoseconds per node, the least of a few rounds, each on a new tape. Where a column is the same at both lengths, the
//! time is linear. What differs between them is the memory: a long tape does not stay in the cache. It all runs in a
//! thread with a stack of 64 KiB, for nothing here recurses.

use std::{hint::black_box, thread, time::Instant};
use tape::Tape;

const LENGTHS: [usize; 2] = [100_000, 1_000_000];
const ROUNDS: usize = 5;

/// The least nanoseconds per node of recording, walking through the table, sweeping and dropping.
fn time(length: usize) -> [f64; 4] {
    let mut least = [f64::INFINITY; 4];
    for _ in 0..ROUNDS {
        let tape = Tape::<f64>::new();
        let started = Instant::now();
        let w = tape.leaf(0.999_999);
        let last = (0..length).fold(tape.leaf(2.0), |h, _| w * h);
        let recorded = Instant::now();
        black_box(tape.table().rows().map(|row| row.inputs.len()).sum::<usize>());
        let walked = Instant::now();
        let gradients = tape.backward(last);
        let swept = Instant::now();
        black_box(&gradients[w]);
        drop(gradients);
        let ready = Instant::now();
        drop(tape);
        let spans = [recorded - started, walked - recorded, swept - walked, ready.elapsed()];
        for (least, span) in least.iter_mut().zip(spans) {
            *least = least.min(span.as_nanos() as f64 / length as f64);
        }
    }
    least
}

fn main() {
    let body = || {
        println!(
            "{:>9} {:>8} {:>8} {:>8} {:>8}   ns per node",
            "nodes", "record", "table", "sweep", "drop"
        );
        for length in LENGTHS {
            let [record, table, sweep, drop] = time(length);
            println!("{length:9} {record:8.2} {table:8.2} {sweep:8.2} {drop:8.2}");
        }
    };
    if thread::Builder::new().stack_size(64 << 10).spawn(body).map(|thread| thread.join()).is_err()
    {
        println!("this system starts no threads");
    }
}
