//! How close products come to what the processor can do at most.
//!
//! ```text
//! cargo bench -p bptt-tape --bench roofline
//! ```
//!
//! The peak is what fused multiply-adds reach when they wait for nothing: chains that are independent of each other and stay
//! in registers, on the widest vectors there are. Below it are products `[m, k] × [k, n]` as a recurrence asks for
//! them, the right-hand side packed before: the recurrent ones (m is the batch), and some that are made once for all steps. One thread, single
//! precision; products and peak take turns, and the figures are the best of many.

use pulp::{Arch, Simd, WithSimd};
use std::{hint::black_box, time::Instant};
use tape::kernel::{
    Matrix, Scratch,
    gemm::{self, Packed},
};

/// As many chains as hide the latency of one, and still fit sixteen registers.
const CHAINS: usize = 12;
const LINKS: usize = 20_000;
const ROUNDS: usize = 30;

/// Multiply-adds and nothing else; returns how many operations they were.
struct Peak;

impl WithSimd for Peak {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (a, b) = (simd.splat_f32s(black_box(0.5)), simd.splat_f32s(black_box(0.25)));
        let mut chains = [b; CHAINS];
        for _ in 0..LINKS {
            for chain in &mut chains {
                *chain = simd.mul_add_f32s(*chain, a, b);
            }
        }
        black_box(chains.map(|chain| simd.reduce_sum_f32s(chain)));
        (2 * S::F32_LANES * CHAINS * LINKS) as f64
    }
}

/// Operations per nanosecond.
fn rate(act: impl FnOnce() -> f64) -> f64 {
    let start = Instant::now();
    let operations = act();
    operations / start.elapsed().as_nanos() as f64
}

/// What the product is, and its m, k and n.
const PRODUCTS: [(&str, [usize; 3]); 12] = [
    ("Elman, 16 units, 1 row", [1, 16, 16]),
    ("Elman, 64 units, 8 rows", [8, 64, 64]),
    ("Elman, 128 units, 32 rows", [32, 128, 128]),
    ("LSTM, 128 units, 50 rows", [50, 128, 512]),
    ("LSTM, 200 units, 20 rows", [20, 200, 800]),
    ("LSTM, 256 units, 32 rows", [32, 256, 1024]),
    ("GRU, 512 units, 64 rows", [64, 512, 1536]),
    ("LSTM, 1024 units, 64 rows", [64, 1024, 4096]),
    ("LSTM, 1024 units, 1 row", [1, 1024, 4096]),
    ("inputs of 50 steps", [2500, 65, 512]),
    ("inputs of 100 steps", [6400, 256, 1536]),
    ("10,000 scores", [400, 200, 10_000]),
];

fn main() {
    let arch = Arch::new();
    let mut peak = 0.0;
    let mut rows = Vec::new();
    for (name, [m, k, n]) in PRODUCTS {
        let numbers = |len: usize| -> Vec<f32> {
            (0..len).map(|i| (i * 7919 % 2003) as f32 / 2003.0 - 0.5).collect()
        };
        let (a, b, mut c) = (numbers(m * k), numbers(k * n), vec![0.0; m * n]);
        let (mut scratch, mut packed) = (Scratch::default(), Packed::<f32>::default());
        packed.pack(Matrix::row_major(&b, k, n));
        let operations = 2.0 * (m * k * n) as f64;
        // Short products are repeated, or the clock is timed.
        let repeats = (2e6 / operations).ceil();
        let mut best = 0.0f64;
        for _ in 0..ROUNDS {
            peak = f64::max(peak, rate(|| arch.dispatch(Peak)));
            best = best.max(rate(|| {
                for _ in 0..repeats as usize {
                    let a = black_box(Matrix::row_major(&a, m, k));
                    gemm::f32_packed(&mut scratch, a, black_box(&packed), &mut c, false);
                }
                black_box(&c);
                repeats * operations
            }));
        }
        rows.push((name, [m, k, n], best));
    }
    println!("{:26} {:>18} {peak:8.1} GFLOP/s", "peak", "");
    for (name, [m, k, n], best) in rows {
        println!("{name:26} {m:5} {k:5} {n:6} {best:8.1} {:5.0} %", best / peak * 100.0);
    }
}
