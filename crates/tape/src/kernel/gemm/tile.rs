//! The microkernel: a small tile of `C` held in registers while `k` runs.

use super::{
    ahead::Lines,
    lanes::Lanes,
    micro::{Panels, Start},
    soon::Soon,
};
use pulp::Simd;

/// Steps of `k` in one turn of the loop.
const UNROLL: usize = 4;

/// The entries of `M` rows of `A` that one step of `k` needs.
pub(super) trait Entries<T, const M: usize> {
    fn at(&self, k: usize) -> [T; M];
    /// All steps, if they follow each other without a gap.
    #[inline(always)]
    fn dense(&self) -> Option<&[[T; M]]> {
        None
    }
    /// All steps otherwise, if each begins a row of some length, `M` or more.
    #[inline(always)]
    fn rows(&self) -> Option<(&[T], usize)> {
        None
    }
}

/// `M` rows by `P` panels of `V` vectors: `cᵢⱼ = fma(aᵢₖ, bₖⱼ, cᵢⱼ)` for `k = 0, 1, 2, …`
///
/// The memory `ahead` is asked for meanwhile, and a few lines of what is wanted `soon`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn tile<S: Simd, T: Lanes, const M: usize, const P: usize, const V: usize>(
    simd: S,
    a: &impl Entries<T, M>,
    depth: usize,
    b: Panels<'_, T>,
    c: &mut [T],
    stride: usize,
    width: usize,
    (add, from): (bool, Option<Start<'_, T>>),
    ahead: &[T],
    soon: &mut Soon,
) {
    let lanes = T::lanes::<S>();
    let zero = T::splat(simd, T::ZERO);
    let mut sums = [[[zero; V]; P]; M];
    let whole = width == P * V * lanes;
    if add {
        for (i, sums) in sums.iter_mut().enumerate() {
            let row = &c[i * stride..][..width];
            load(simd, row, sums.as_flattened_mut(), whole);
        }
    } else if let Some(from) = from {
        for (i, sums) in sums.iter_mut().enumerate() {
            let row = &from.data[i * from.row..][..width];
            load(simd, row, sums.as_flattened_mut(), whole);
        }
    }
    match (a.dense(), a.rows()) {
        // What the loop does besides multiplying waits for the same units that multiply, on some
        // machines: nothing is checked in it, and four steps share one turn.
        (Some(a), _) if P == 1 && b.row == V * lanes => {
            let lines = &T::vectors::<S>(&b.data[..depth * V * lanes]);
            let (a, a_rest) = pulp::as_arrays::<UNROLL, _>(&a[..depth]);
            let (b, b_rest) = pulp::as_arrays::<UNROLL, _>(pulp::as_arrays::<V, _>(lines).0);
            let (ahead, mut soon) = (Lines::over(ahead, a.len()), soon.take(a.len()));
            for (turn, (a, b)) in a.iter().zip(b).enumerate() {
                ahead.ask(simd, turn);
                soon.ask(simd);
                for u in 0..UNROLL {
                    step(simd, &mut sums, &a[u], [b[u]; P]);
                }
            }
            for (a, &b) in a_rest.iter().zip(b_rest) {
                step(simd, &mut sums, a, [b; P]);
            }
        }
        // Rows of both that stand apart are met side by side: none of their places is looked up. (The last of a row may be
        // missing behind the last step.)
        (_, Some((a, row))) if P == 1 && depth > 0 && b.row >= V * lanes => {
            let before = depth - 1;
            let (a, a_last) = a.split_at(before * row);
            let (b, b_last) =
                (b.data[..before * b.row].chunks_exact(b.row), &b.data[before * b.row..]);
            for (a, b) in a.chunks_exact(row).zip(b) {
                meet(simd, &mut sums, a, b);
            }
            meet(simd, &mut sums, a_last, b_last);
        }
        _ => {
            for k in 0..depth {
                let mut line = [[zero; V]; P];
                for (p, line) in line.iter_mut().enumerate() {
                    let b = T::vectors::<S>(&b.data[p * b.panel + k * b.row..][..V * lanes]);
                    for (line, &b) in line.iter_mut().zip(b) {
                        *line = b;
                    }
                }
                step(simd, &mut sums, &a.at(k), line);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let row = &mut c[i * stride..][..width];
        store(simd, row, sums.as_flattened(), whole);
    }
}

#[inline(always)]
fn load<S: Simd, T: Lanes>(simd: S, row: &[T], x: &mut [T::Vector<S>], whole: bool) {
    if whole {
        for (x, &c) in x.iter_mut().zip(T::vectors::<S>(row)) {
            *x = c;
        }
    } else {
        for (v, x) in x.iter_mut().enumerate() {
            let lanes = |v| row.len().min(v * T::lanes::<S>());
            *x = T::load_part(simd, &row[lanes(v)..lanes(v + 1)]);
        }
    }
}

#[inline(always)]
fn store<S: Simd, T: Lanes>(simd: S, row: &mut [T], x: &[T::Vector<S>], whole: bool) {
    if whole {
        for (c, &x) in T::vectors_mut::<S>(row).iter_mut().zip(x) {
            *c = x;
        }
    } else {
        for (v, &x) in x.iter().enumerate() {
            let lanes = |v| row.len().min(v * T::lanes::<S>());
            let range = lanes(v)..lanes(v + 1);
            T::store_part(simd, &mut row[range], x);
        }
    }
}

/// [`step`] with the first numbers of a row of each.
#[inline(always)]
fn meet<S: Simd, T: Lanes, const M: usize, const P: usize, const V: usize>(
    simd: S,
    sums: &mut [[[T::Vector<S>; V]; P]; M],
    a: &[T],
    b: &[T],
) {
    let line = T::vectors::<S>(&b[..V * T::lanes::<S>()]);
    if let (Some(a), Some(&line)) = (a.first_chunk(), line.first_chunk()) {
        step(simd, sums, a, [line; P]);
    }
}

/// `cᵢⱼ = fma(aᵢ, bⱼ, cᵢⱼ)`
#[inline(always)]
fn step<S: Simd, T: Lanes, const M: usize, const P: usize, const V: usize>(
    simd: S,
    sums: &mut [[[T::Vector<S>; V]; P]; M],
    a: &[T; M],
    line: [[T::Vector<S>; V]; P],
) {
    for (sums, &a) in sums.iter_mut().zip(a) {
        let a = T::splat(simd, a);
        for (sums, line) in sums.iter_mut().zip(&line) {
            for (sum, &b) in sums.iter_mut().zip(line) {
                *sum = T::fma(simd, a, b, *sum);
            }
        }
    }
}
