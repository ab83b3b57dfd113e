//! The matrix product of the tape against the crate `gemm`, on the shapes recurrent
//! networks ask for.
//!
//! ```text
//! cargo run --release --manifest-path benches/gemm/Cargo.toml -- [--json] [WORD…]
//! ```
//!
//! One thread. The three products take turns, so that a change of the clock meets all of
//! them; the figures are medians. Each `WORD` keeps the lines that contain it.

// The crate compared with takes raw pointers.
#![allow(unsafe_code)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use tape::kernel::{
    Matrix, Scratch,
    gemm::{self, Packed},
};

/// How one product is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// `X W`: both row-major.
    Forward,
    /// `dY Wᵀ`: the right-hand side a transposed view.
    Backward,
    /// `Xᵀ dY`: the left-hand side a transposed view.
    Weight,
}

struct Shape {
    kind: Kind,
    m: usize,
    k: usize,
    n: usize,
}

const ROUNDS: usize = 9;
const SAMPLE: Duration = Duration::from_millis(2);

macro_rules! measure {
    ($float:ident, $packed:ident, $shape:expr) => {{
        let Shape { kind, m, k, n } = $shape;
        let fill = |len: usize, seed: usize| -> Vec<$float> {
            (0..len).map(|i| ((i + seed) * 7919 % 2003) as $float / 2003.0 - 0.5).collect()
        };
        let (a, b) = (fill(m * k, 1), fill(k * n, 2));
        let (mut c0, mut c1, mut c2) = (vec![0.0; m * n], vec![0.0; m * n], vec![0.0; m * n]);
        let a = match kind {
            Kind::Weight => Matrix::row_major(&a, k, m).t(),
            _ => Matrix::row_major(&a, m, k),
        };
        let b = match kind {
            Kind::Backward => Matrix::row_major(&b, n, k).t(),
            _ => Matrix::row_major(&b, k, n),
        };
        let (mut s0, mut s1) = (Scratch::default(), Scratch::default());
        let mut weight = Packed::<$float>::default();
        weight.pack(b);
        let mut ours =
            || gemm::$float(&mut s0, black_box(a), black_box(b), black_box(&mut c0), false);
        let mut packed =
            || gemm::$packed(&mut s1, black_box(a), black_box(&weight), black_box(&mut c1), false);
        // SAFETY: the strides are those of matrices that fill their slices.
        let mut theirs = || unsafe {
            let (a, b, c) = (black_box(a), black_box(b), black_box(&mut c2));
            ::gemm::gemm(
                m,
                n,
                k,
                c.as_mut_ptr(),
                1,
                n as isize,
                false,
                a.data.as_ptr(),
                a.col_stride as isize,
                a.row_stride as isize,
                b.data.as_ptr(),
                b.col_stride as isize,
                b.row_stride as isize,
                0.0,
                1.0,
                false,
                false,
                false,
                ::gemm::Parallelism::None,
            );
        };
        let medians = race([&mut ours, &mut packed, &mut theirs]);
        for (x, y) in c0.iter().zip(&c2) {
            assert!((x - y).abs() <= 1e-4 * (k as $float).sqrt(), "{x} is not {y}");
        }
        assert!(c0 == c1, "packed before or not, the bits are the same");
        medians
    }};
}

/// Median seconds of one call to each, taking turns.
fn race(mut calls: [&mut dyn FnMut(); 3]) -> [f64; 3] {
    let repeats = calls.each_mut().map(|call| {
        call();
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < SAMPLE {
            call();
            count += 1;
        }
        count.max(1)
    });
    let mut times = [[0.0; ROUNDS]; 3];
    for round in 0..ROUNDS {
        for ((call, &count), times) in calls.iter_mut().zip(&repeats).zip(&mut times) {
            let start = Instant::now();
            for _ in 0..count {
                call();
            }
            times[round] = start.elapsed().as_secs_f64() / f64::from(count);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    })
}

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for (h, n) in [
        (16, 16),
        (16, 64),
        (64, 64),
        (64, 256),
        (128, 512),
        (256, 256),
        (256, 1024),
        (512, 2048),
        (1024, 1024),
        (1024, 4096),
    ] {
        for m in [1, 8, 20, 32, 50, 64] {
            shapes.push(Shape { kind: Kind::Forward, m, k: h, n });
            shapes.push(Shape { kind: Kind::Backward, m, k: n, n: h });
        }
    }
    for (m, k, n) in [(1600, 65, 256), (1600, 256, 1024), (6400, 128, 512), (1600, 1024, 4096)] {
        shapes.push(Shape { kind: Kind::Forward, m, k, n });
        shapes.push(Shape { kind: Kind::Backward, m, k: n, n: k });
    }
    for (m, k, n) in
        [(16, 256, 64), (64, 1600, 256), (128, 6400, 512), (256, 6400, 1024), (1024, 1600, 4096)]
    {
        shapes.push(Shape { kind: Kind::Weight, m, k, n });
    }
    shapes
}

fn main() {
    let mut json = false;
    let mut words = Vec::new();
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--json" => json = true,
            "--bench" => {} // cargo adds it
            _ => words.push(word),
        }
    }
    if !json {
        println!(
            "{:<32} {:>10} {:>8} {:>8} {:>8}  ratio (packed)",
            "", "ours", "ours", "packed", "gemm"
        );
    }
    for shape in shapes() {
        for float in ["f32", "f64"] {
            let Shape { kind, m, k, n } = shape;
            let name = format!("{float} {kind:?} m={m} k={k} n={n} ").to_lowercase();
            if !words.iter().all(|word| name.contains(word.as_str())) {
                continue;
            }
            let times = match float {
                "f32" => measure!(f32, f32_packed, shape),
                _ => measure!(f64, f64_packed, shape),
            };
            let [ours, packed, theirs] =
                times.map(|seconds| 2.0 * (m * k * n) as f64 / seconds / 1e9);
            if json {
                println!(
                    r#"{{"float":"{float}","kind":"{kind:?}","m":{m},"k":{k},"n":{n},"ours":{ours:.2},"packed":{packed:.2},"gemm":{theirs:.2}}}"#
                );
            } else {
                let nanos = times[0] * 1e9;
                println!(
                    "{name:<32} {nanos:>8.0}ns {ours:>8.1} {packed:>8.1} {theirs:>8.1}  {:.2} ({:.2})",
                    ours / theirs,
                    packed / theirs
                );
            }
        }
    }
}
