//! What an op costs, recorded and swept: numbers one at a time, and arrays.
//!
//! ```text
//! cargo bench -p bptt-tape --bench ops -- [--json] [WORD…]
//! ```
//!
//! `one`: 100 chains of 100 ops on one element, each op on the result of the one before (in longer chains adjoints fade
//! until they are subnormal, and processors are slow with those); nanoseconds per op, most of them the tape's own. `array`: a chain of 20 ops on `[64, 128]`; nanoseconds per element and op.
//! The tape is cleared and used again; the figures are the least of many rounds. Double precision. Each `WORD` keeps the
//! lines that contain it.

use std::{hint::black_box, time::Instant};
use tape::{Tape, Var};

/// How many numbers are chained, and how many chains there are.
const NUMBERS: (usize, usize) = (100, 100);
const ROUNDS: usize = 60;

/// The shape of the arrays, and how many ops are chained on it.
const ARRAY: (usize, usize) = (64, 128);
const ARRAYS: (usize, usize) = (20, 1);

/// One link of a chain: the next value from the last, the first, and how many there have been.
type Link = for<'t> fn(Var<'t, f64>, Var<'t, f64>, usize) -> Var<'t, f64>;

fn mixed<'t>(y: Var<'t, f64>, x: Var<'t, f64>, k: usize) -> Var<'t, f64> {
    match k % 6 {
        0 => y * x,
        1 => y + x,
        2 => y.tanh(),
        3 => y.sin(),
        4 => y.exp(),
        _ => y.sigmoid(),
    }
}

// Bounded however long the chain is.
const LINKS: [(&str, Link); 14] = [
    ("mixed", mixed),
    ("add", |y, x, _| y + x),
    ("sub", |y, x, _| y - x),
    ("mul", |y, x, _| y * x),
    ("div", |y, x, _| x / y),
    ("scale", |y, _, _| y * 0.999),
    ("square", |y, _, _| y.square()),
    ("tanh", |y, _, _| y.tanh()),
    ("sigmoid", |y, _, _| y.sigmoid()),
    ("relu", |y, _, _| y.relu()),
    ("sin", |y, _, _| y.sin()),
    ("cos", |y, _, _| y.cos()),
    ("exp, neg", |y, _, k| if k % 2 == 0 { -y } else { y.exp() }),
    ("ln, exp", |y, _, k| if k % 2 == 0 { y.exp() } else { y.ln() }),
];

/// The least time of a recording and of the sweep that follows, in nanoseconds.
struct Cost {
    record: f64,
    sweep: f64,
}

/// Records chains that start at `start`, and sweeps them, again and again.
fn time(link: Link, start: &ndarray::ArrayD<f64>, (links, chains): (usize, usize)) -> Cost {
    let mut tape = Tape::new();
    let mut cost = Cost { record: f64::INFINITY, sweep: f64::INFINITY };
    let cotangent = start.mapv(|_| 1.0);
    for _ in 0..ROUNDS {
        tape.clear();
        let x = tape.leaf(start);
        let started = Instant::now();
        let ends = (0..chains).map(|_| (0..links).fold(x, |y, k| link(y, x, k)));
        let seeds: Vec<_> = ends.map(|y| (y, &cotangent)).collect();
        let recorded = Instant::now();
        let gradients = tape.backward_from(&seeds);
        let swept = Instant::now();
        black_box(&gradients[x]);
        cost.record = cost.record.min((recorded - started).as_nanos() as f64);
        cost.sweep = cost.sweep.min((swept - recorded).as_nanos() as f64);
    }
    let count = (links * chains * start.len()) as f64;
    Cost { record: cost.record / count, sweep: cost.sweep / count }
}

fn main() {
    let (flags, words): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let json = flags.iter().any(|flag| flag == "--json");
    if !json {
        println!("{:6} {:9} {:>8} {:>8} {:>8}   ns", "", "", "record", "sweep", "both");
    }
    let one = ndarray::arr0(0.5).into_dyn();
    let array =
        ndarray::Array2::from_shape_fn(ARRAY, |(i, j)| 0.4 + 0.2 * f64::sin((i + 7 * j) as f64));
    let array = array.into_dyn();
    for (kind, start, links) in [("one", &one, NUMBERS), ("array", &array, ARRAYS)] {
        for (name, link) in LINKS {
            if !words.iter().all(|word| format!("{kind} {name}").contains(word)) {
                continue;
            }
            let Cost { record, sweep } = time(link, start, links);
            let both = record + sweep;
            if json {
                println!(
                    r#"{{"kind":"{kind}","op":"{name}","record_ns":{record:.3},"sweep_ns":{sweep:.3},"both_ns":{both:.3}}}"#
                );
            } else {
                println!("{kind:6} {name:9} {record:8.2} {sweep:8.2} {both:8.2}");
            }
        }
    }
}
