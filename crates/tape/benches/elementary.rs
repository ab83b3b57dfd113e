//! Nanoseconds per element of the tape's elementary functions, beside the standard library's.
//!
//! ```text
//! cargo bench -p bptt-tape --bench elementary [-- --json]
//! ```

use std::hint::black_box;
use std::time::Instant;
use tape::Real;

const ELEMENTS: usize = 4096;
const ROUNDS: usize = 200;

/// The least time, over many passes, that `f` takes for one of the elements `xs`.
#[inline(always)]
fn time<T: Real>(xs: &[T], f: impl Fn(T) -> T + Copy) -> f64 {
    let mut ys = xs.to_vec();
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        T::vectorize(
            #[inline(always)]
            || {
                for (y, &x) in black_box(&mut *ys).iter_mut().zip(black_box(xs)) {
                    *y = f(x);
                }
            },
        );
        least = least.min(start.elapsed().as_nanos() as f64 / ELEMENTS as f64);
        black_box(&ys);
    }
    least
}

/// Elements over `low..high` in no order that a branch could learn.
fn arguments<T: Real>(low: f64, high: f64) -> Vec<T> {
    let golden = 0.618_033_988_749_895;
    (0..ELEMENTS).map(|i| T::of(low + (high - low) * (i as f64 * golden).fract())).collect()
}

macro_rules! rows {
    ($float:ident) => {{
        let wide = arguments::<$float>(-8.0, 8.0);
        let positive = arguments::<$float>(0.01, 100.0);
        let logistic = |x: $float| 1.0 / (1.0 + $float::exp(-x));
        [
            ("exp", time(&wide, Real::exp), Some(time(&wide, $float::exp))),
            ("expm1", time(&wide, Real::expm1), Some(time(&wide, $float::exp_m1))),
            ("tanh", time(&wide, Real::tanh), Some(time(&wide, $float::tanh))),
            ("sigmoid", time(&wide, Real::sigmoid), Some(time(&wide, logistic))),
            ("ln", time(&positive, Real::ln), Some(time(&positive, $float::ln))),
            ("ln_1p", time(&positive, Real::ln_1p), Some(time(&positive, $float::ln_1p))),
            ("erf", time(&wide, Real::erf), None),
        ]
        .map(|(name, ours, std)| (name, stringify!($float), ours, std))
    }};
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    if !json {
        println!("{:8} {:4} {:>8} {:>8}   ns per element", "", "", "tape", "std");
    }
    for (name, float, ours, std) in rows!(f32).into_iter().chain(rows!(f64)) {
        if json {
            let std = std.map_or("null".to_owned(), |s| format!("{s:.3}"));
            println!(
                r#"{{"function":"{name}","type":"{float}","tape_ns":{ours:.3},"std_ns":{std}}}"#
            );
        } else {
            let std = std.map_or("-".to_owned(), |s| format!("{s:.2}"));
            println!("{name:8} {float:4} {ours:8.2} {std:>8}");
        }
    }
}
