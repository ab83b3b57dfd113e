//! The gradient of a weight used at many steps: rows gathered, multiplied once.
//!
//! A weight `W` with `zₜ = xₜ W` at `T` steps has `W̄ = Σₜ xₜᵀ z̄ₜ`. Multiplying at every step reads and
//! writes all of `W̄` for the sake of `B` rows; instead the rows of `xₜ` and `z̄ₜ` are copied one below the other,
//! and every [`BLOCK`] of them become one product. A product sums over its rows in order, so that the
//! bits are the same whatever the size of a block.

use crate::{Real, kernel::Matrix, kernel::Scratch, pool::Pool};

/// Rows that are worth a product of their own.
pub(crate) const BLOCK: usize = 256;

/// Rows on their way into the gradient of one leaf.
#[derive(Debug)]
pub(crate) struct Gather<T> {
    /// The serial number of the leaf.
    pub(crate) leaf: u64,
    /// Which columns of the gradient they are for.
    columns: Columns,
    /// How many of [`BLOCK`] rows are taken; behind them stands anything.
    rows: usize,
    left: Vec<T>,
    right: Vec<T>,
}

/// A stretch of the columns of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl<T> Gather<T> {
    pub(crate) fn give_to(self, pool: &mut Pool<T>)
    where
        T: Copy + Default,
    {
        pool.give(self.left);
        pool.give(self.right);
    }
}

/// `sum += leftᵀ right`, now or later, where `sum` is `[m, n]`, of which the `columns` are meant. `left` is
/// `[rows, m]`, `right` `[rows, columns]`.
pub(crate) fn add_rows<T: Real>(
    pool: &mut Pool<T>,
    scratch: &mut Scratch<T>,
    (leaf, sum): (u64, &mut Vec<T>),
    left: &[T],
    right: &[T],
    (m, n): (usize, usize),
    columns: Columns,
) {
    let rows = left.len() / m;
    let at = pool.gathers.iter().position(|g| g.leaf == leaf && g.columns == columns);
    if rows >= BLOCK {
        if let Some(at) = at {
            flush(pool, scratch, at, sum, (m, n));
        }
        multiply(pool, scratch, sum, left, right, (m, n), columns);
        return;
    }
    let at = at.unwrap_or_else(|| {
        let (left, right) = (pool.take(BLOCK * m), pool.take(BLOCK * columns.len));
        pool.gathers.push(Gather { leaf, columns, rows: 0, left, right });
        pool.gathers.len() - 1
    });
    if pool.gathers[at].rows + rows > BLOCK {
        flush(pool, scratch, at, sum, (m, n));
    }
    let gather = &mut pool.gathers[at];
    gather.left[gather.rows * m..][..rows * m].copy_from_slice(left);
    gather.right[gather.rows * columns.len..][..rows * columns.len].copy_from_slice(right);
    gather.rows += rows;
}

/// Completes the gradient of `leaf`.
pub(crate) fn finish<T: Real>(
    pool: &mut Pool<T>,
    scratch: &mut Scratch<T>,
    (leaf, sum): (u64, &mut Vec<T>),
    shape: &[usize],
) {
    while let (Some(at), &[m, n]) = (pool.gathers.iter().position(|g| g.leaf == leaf), shape) {
        flush(pool, scratch, at, sum, (m, n));
        pool.gathers.swap_remove(at).give_to(pool);
    }
}

fn flush<T: Real>(
    pool: &mut Pool<T>,
    scratch: &mut Scratch<T>,
    at: usize,
    sum: &mut Vec<T>,
    size: (usize, usize),
) {
    let gather = &mut pool.gathers[at];
    let (rows, columns) = (std::mem::take(&mut gather.rows), gather.columns);
    let (left, right) = (std::mem::take(&mut gather.left), std::mem::take(&mut gather.right));
    let (rows_left, rows_right) = (&left[..rows * size.0], &right[..rows * columns.len]);
    multiply(pool, scratch, sum, rows_left, rows_right, size, columns);
    (pool.gathers[at].left, pool.gathers[at].right) = (left, right);
}

fn multiply<T: Real>(
    pool: &mut Pool<T>,
    scratch: &mut Scratch<T>,
    sum: &mut Vec<T>,
    left: &[T],
    right: &[T],
    (m, n): (usize, usize),
    Columns { start, len }: Columns,
) {
    let rows = left.len() / m;
    let (left, right) = (Matrix::row_major(left, rows, m).t(), Matrix::row_major(right, rows, len));
    let add = !sum.is_empty();
    if !add {
        *sum = pool.take(m * n);
    }
    if len == n {
        return T::gemm(scratch, left, right, sum, add);
    }
    // The product goes on where the columns stand: they are taken out, added to, and put back.
    if !add {
        sum.fill(T::ZERO);
    }
    let mut part = pool.take(m * len);
    for (part, sum) in part.chunks_exact_mut(len).zip(sum.chunks_exact(n)) {
        part.copy_from_slice(&sum[start..start + len]);
    }
    T::gemm(scratch, left, right, &mut part, true);
    for (part, sum) in part.chunks_exact(len).zip(sum.chunks_exact_mut(n)) {
        sum[start..start + len].copy_from_slice(part);
    }
    pool.give(part);
}
