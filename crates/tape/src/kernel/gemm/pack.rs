//! Packing: the numbers a tile will read, laid out in the order it reads them.

use super::Matrix;
use crate::Real;

/// Lines are transposed in square blocks of this side.
const SIDE: usize = 8;

/// Elements that [`interleave`] may write beyond the last entry.
pub(super) const SLACK: usize = SIDE;

/// Writes `to[k * height + i] = x[i, k]` for all rows `i` and columns `k` of `x`.
///
/// `x` may have fewer rows than `height`; the places of the missing ones hold anything.
#[inline(always)]
pub(super) fn interleave<T: Real>(x: Matrix<'_, T>, height: usize, to: &mut [T]) {
    if x.row_stride == 1 && x.rows >= SIDE {
        copy(x, height, to);
    } else if x.col_stride == 1 && x.cols >= SIDE {
        transpose(x, height, to);
    } else {
        scatter(x, height, 0, to);
    }
}

/// Rows side by side in memory: each column is a run to be copied.
#[inline(always)]
fn copy<T: Real>(x: Matrix<'_, T>, height: usize, to: &mut [T]) {
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

/// Each row a run of memory: square blocks are turned in registers.
#[inline(always)]
fn transpose<T: Real>(x: Matrix<'_, T>, height: usize, to: &mut [T]) {
    let whole = x.cols / SIDE * SIDE;
    for k in (0..whole).step_by(SIDE) {
        // From the last block of rows to the first: where a block is not full, what it
        // writes beyond itself is overwritten by its successors.
        for i in (0..x.rows).step_by(SIDE).rev() {
            let block: [[T; SIDE]; SIDE] = std::array::from_fn(|r| {
                let row = (i + r).min(x.rows - 1);
                let row = &x.data[row * x.row_stride + k..][..SIDE];
                std::array::from_fn(|c| row[c])
            });
            for c in 0..SIDE {
                let to = &mut to[(k + c) * height + i..][..SIDE];
                for r in 0..SIDE {
                    to[r] = block[r][c];
                }
            }
        }
    }
    scatter(x, height, whole, to);
}

/// One number after another, from column `start`.
#[inline(always)]
fn scatter<T: Real>(x: Matrix<'_, T>, height: usize, start: usize, to: &mut [T]) {
    for k in start..x.cols {
        let to = &mut to[k * height..][..x.rows];
        for (i, to) in to.iter_mut().enumerate() {
            *to = x.at(i, k);
        }
    }
}
