//! How close products come to what the processor can do at most.
//!
//! ```text
//! cargo bench -p bptt-tape --bench roofline
//! ```
//!
//! The peak is what fused multiply-adds reach when they wait for nothing: chains that are independent of each other and stay
//! in registers, on the widest vectors there are. Below it are products `[m, k] × [k, n]` as a recurrence asks for
//! them, the right-hand side packed before: the recurrent ones (m is the batch), and some that are made once for all steps; and
//! gradients `[m, n]` of weights, whose rows arrive step by step. One thread, single precision; products and peak take turns, and
//! the figures are the best of many.

use pulp::{Arch, Simd, WithSimd};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use tape::{
    Real,
    kernel::{
        Matrix, Scratch,
        gemm::{self, Packed, RankUpdate},
    },
};

/// As many chains as hide the latency of one, and still fit sixteen registers.
const CHAINS: usize = 12;
const LINKS: usize = 20_000;
const ROUNDS: usize = 30;
/// For each product, at least.
const SPAN: Duration = Duration::from_millis(300);

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

/// What the weight gradient `[m, n]` is of, and how many rows of `m` and of `n` numbers each step adds to it.
const GRADIENTS: [(&str, [usize; 3]); 5] = [
    ("Elman, 128 units, 32 rows", [32, 128, 128]),
    ("LSTM, 128 units, 50 rows", [50, 128, 512]),
    ("LSTM, 256 units, 32 rows", [32, 256, 1024]),
    ("GRU, 512 units, 64 rows", [64, 512, 1536]),
    ("LSTM, 1024 units, 64 rows", [64, 1024, 4096]),
];

/// The rows of all steps of a weight gradient, no fewer than these.
const ROWS: usize = 2048;
/// How many of them are multiplied at a time.
const BLOCK: usize = 248;

fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i * 7919 % 2003) as f32 / 2003.0 - 0.5).collect()
}

/// The best of the peak and of each act, which take turns. An act is `operations` long.
fn best_of<const N: usize>(
    peak: &mut f64,
    operations: f64,
    mut acts: [&mut dyn FnMut(); N],
) -> [f64; N] {
    let arch = Arch::new();
    // Short products are repeated, or the clock is timed.
    let repeats = (2e6 / operations).ceil();
    let (mut best, mut rounds, start) = ([0.0; N], 0, Instant::now());
    while rounds < ROUNDS || start.elapsed() < SPAN {
        rounds += 1;
        *peak = f64::max(*peak, rate(|| arch.dispatch(Peak)));
        for (best, act) in best.iter_mut().zip(&mut acts) {
            *best = f64::max(
                *best,
                rate(|| {
                    (0..repeats as usize).for_each(|_| act());
                    repeats * operations
                }),
            );
        }
    }
    best
}

/// A product with a right-hand side packed before.
fn product([m, k, n]: [usize; 3], peak: &mut f64) -> f64 {
    let (a, b, mut c) = (numbers(m * k), numbers(k * n), vec![0.0; m * n]);
    let (mut scratch, mut packed) = (Scratch::default(), Packed::<f32>::default());
    packed.pack(Matrix::row_major(&b, k, n));
    let mut act = || {
        let a = black_box(Matrix::row_major(&a, m, k));
        gemm::f32_packed(&mut scratch, a, black_box(&packed), &mut c, false);
        black_box(&c);
    };
    best_of(peak, 2.0 * (m * k * n) as f64, [&mut act])[0]
}

/// A weight gradient from rows that arrive step by step, multiplied a block at a time; and from all rows at once.
fn gradient([batch, m, n]: [usize; 3], peak: &mut f64) -> [f64; 2] {
    let rows = ROWS.next_multiple_of(batch);
    let (left, right) = (numbers(rows * m), numbers(rows * n));
    let (mut c, mut whole) = (vec![0.0; m * n], vec![0.0; m * n]);
    let mut update = RankUpdate::new((m, n), BLOCK, |len| vec![0.0; len]);
    let mut gathered = || {
        let mut add = false;
        for (left, right) in left.chunks(batch * m).zip(right.chunks(batch * n)) {
            let count = f32::push_rows(&mut update, black_box(left), black_box(right));
            if count < batch {
                f32::add_rows(&mut update, &mut c, n, add);
                f32::push_rows(&mut update, &left[count * m..], &right[count * n..]);
                add = true;
            }
        }
        f32::add_rows(&mut update, &mut c, n, add);
        black_box(&c);
    };
    let mut scratch = Scratch::default();
    let mut at_once = || {
        let left = Matrix::row_major(&left, rows, m).t();
        let right = Matrix::row_major(&right, rows, n);
        gemm::f32(&mut scratch, black_box(left), black_box(right), &mut whole, false);
        black_box(&whole);
    };
    best_of(peak, 2.0 * (rows * m * n) as f64, [&mut gathered, &mut at_once])
}

fn main() {
    let mut peak = 0.0;
    let products = PRODUCTS.map(|(name, size)| (name, size, product(size, &mut peak)));
    let gradients = GRADIENTS.map(|(name, size)| (name, size, gradient(size, &mut peak)));
    println!("{:26} {:>18} {peak:8.1} GFLOP/s", "peak", "");
    for (name, [m, k, n], best) in products {
        println!("{name:26} {m:5} {k:5} {n:6} {best:8.1} {:5.0} %", best / peak * 100.0);
    }
    println!("\nweight gradients                     m      n gathered          at once");
    for (name, [_, m, n], [gathered, at_once]) in gradients {
        let of_peak = |rate: f64| format!("{rate:8.1} {:5.0} %", rate / peak * 100.0);
        println!("{name:26} {m:11} {n:6} {} {}", of_peak(gathered), of_peak(at_once));
    }
}
