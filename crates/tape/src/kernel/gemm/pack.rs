//! Packing: the numbers a tile will read, laid out in the order it reads them.

use super::{
    Matrix,
    lanes::Lanes,
    turn::{Block, SIDE},
};
use pulp::Simd;

/// Elements that [`interleave`] may write beyond the last entry.
pub(super) const SLACK: usize = SIDE;

/// Writes `to[k * height + i] = x[i, k]` for all rows `i` and columns `k` of `x`.
///
/// `x` may have fewer rows than `height`; the places of the missing ones hold anything.
#[inline(always)]
pub(super) fn interleave<S: Simd, T: Lanes>(
    simd: S,
    x: Matrix<'_, T>,
    height: usize,
    to: &mut [T],
) {
    if x.row_stride == 1 && x.rows >= SIDE {
        copy(x, height, to);
    } else if x.col_stride == 1 && x.cols >= SIDE {
        transpose(simd, x, height, to);
    } else {
        scatter(x, height, 0, to);
    }
}

/// Rows side by side in memory: each column is a run to be copied.
#[inline(always)]
fn copy<T: Lanes>(x: Matrix<'_, T>, height: usize, to: &mut [T]) {
    for k in 0..x.cols {
        let from = &x.data[k * x.col_stride..][..x.rows];
        let to = &mut to[k * height..][..x.rows];
        let (from_blocks, to_blocks) =
            (pulp::as_arrays::<SIDE, T>(from).0, pulp::as_arrays_mut::<SIDE, T>(to).0);
        for (to, from) in to_blocks.iter_mut().zip(from_blocks) {
            *to = *from;
        }
        // The last block overlaps the one before it, so that none is cut short.
        if let (Some(to), Some(from)) = (to.last_chunk_mut::<SIDE>(), from.last_chunk::<SIDE>()) {
            *to = *from;
        }
    }
}

/// Rows of a full panel, which lie in memory as they will be read. How long they are is known to the compiler, so that nothing
/// is left to decide for each of them.
#[inline(always)]
pub(super) fn copy_vectors<S: Simd, T: Lanes>(x: Matrix<'_, T>, width: usize, to: &mut [T]) {
    for (k, to) in to.chunks_exact_mut(width).take(x.rows).enumerate() {
        let from = T::vectors::<S>(&x.data[k * x.row_stride..][..width]);
        for (to, &from) in T::vectors_mut::<S>(to).iter_mut().zip(from) {
            *to = from;
        }
    }
}

/// Each row a run of memory: square blocks are turned in registers.
#[inline(always)]
fn transpose<S: Simd, T: Lanes>(simd: S, x: Matrix<'_, T>, height: usize, to: &mut [T]) {
    let blocks = x.cols / SIDE;
    // From the last rows to the first: where a block of rows is not full, what it writes
    // beyond itself is overwritten by its successors.
    for i in (0..x.rows).step_by(SIDE).rev() {
        let mut rows: [&[[T; SIDE]]; SIDE] = [&[]; SIDE];
        for (r, row) in rows.iter_mut().enumerate() {
            let from = (i + r).min(x.rows - 1) * x.row_stride;
            *row = &pulp::as_arrays(&x.data[from..][..x.cols]).0[..blocks];
        }
        for k in 0..blocks {
            let mut block: Block<T> = [[T::ZERO; SIDE]; SIDE];
            for (line, row) in block.iter_mut().zip(rows) {
                *line = row[k];
            }
            let block = T::turn(simd, block);
            let to = &mut to[k * SIDE * height + i..][..(SIDE - 1) * height + SIDE];
            for (c, column) in block.iter().enumerate() {
                to[c * height..][..SIDE].copy_from_slice(column);
            }
        }
    }
    scatter(x, height, blocks * SIDE, to);
}

/// One number after another, from column `start`.
#[inline(always)]
fn scatter<T: Lanes>(x: Matrix<'_, T>, height: usize, start: usize, to: &mut [T]) {
    for k in start..x.cols {
        let to = &mut to[k * height..][..x.rows];
        for (i, to) in to.iter_mut().enumerate() {
            *to = x.at(i, k);
        }
    }
}
