//! The gradient of a weight used at many steps: rows gathered, multiplied once.
//!
//! A weight `W` with `zₜ = xₜ W` at `T` steps has `W̄ = Σₜ xₜᵀ z̄ₜ`. Multiplying at every step reads and
//! writes all of `W̄` for the sake of `B` rows; instead the rows of `xₜ` and `z̄ₜ` are laid down one below the other,
//! as a product will read them ([`RankUpdate`]), and a block of them is multiplied when it is full. A product sums over
//! its rows in order, so that the bits are the same whatever the size of a block.

use crate::{
    Real,
    kernel::{Matrix, gemm::RankUpdate},
    pool::Pool,
    running::Running,
    sweep::Sweep,
};

/// Rows that are worth a product of their own.
const BLOCK: usize = 256;

/// Bytes of a block that are too many to be laid down for one use.
const WIDE: usize = 8 << 20;

/// Rows on their way into the gradient of one leaf.
#[derive(Debug)]
pub(crate) struct Gather<T> {
    /// The serial number of the leaf.
    pub(crate) leaf: u64,
    /// Which columns of the gradient they are for.
    columns: Columns,
    rows: RankUpdate<T>,
}

/// A stretch of the columns of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl<T: Real> Gather<T> {
    pub(crate) fn give_to(self, pool: &mut Pool<T>) {
        self.rows.into_memory().into_iter().for_each(|memory| pool.give(memory));
    }
}

impl<T: Real> Sweep<'_, T> {
    /// `W̄[:, columns] += leftᵀ right`, now or later, where the weight `[m, n]` is the leaf `leaf`. `left` is `[rows, m]`,
    /// `right` `[rows, columns]`.
    pub(crate) fn gather(
        &mut self,
        leaf: u64,
        (mut left, mut right): (&[T], &[T]),
        (m, n): (usize, usize),
        columns: Columns,
    ) {
        let at = self.pool.gathers.iter().position(|g| g.leaf == leaf && g.columns == columns);
        if left.len() >= BLOCK * m && columns.len == n && BLOCK * (m + n) * size_of::<T>() > WIDE {
            return self.at_once(leaf, at, (left, right), (m, n));
        }
        let at = at.unwrap_or_else(|| {
            let rows = RankUpdate::new((m, columns.len), BLOCK, |len| self.pool.take(len));
            self.pool.gathers.push(Gather { leaf, columns, rows });
            self.pool.gathers.len() - 1
        });
        while !left.is_empty() {
            let count = T::push_rows(&mut self.pool.gathers[at].rows, left, right);
            (left, right) = (&left[count * m..], &right[count * columns.len..]);
            if !left.is_empty() {
                let mut sum = self.take(leaf).into_buffer(self.pool);
                flush(self.pool, at, &mut sum, (m, n));
                let sum = Running::of(sum, self.pool);
                self.put(leaf, sum);
            }
        }
    }

    /// The same, now, after the rows that stand `at` have been multiplied.
    fn at_once(
        &mut self,
        leaf: u64,
        at: Option<usize>,
        (left, right): (&[T], &[T]),
        (m, n): (usize, usize),
    ) {
        let mut sum = self.take(leaf).into_buffer(self.pool);
        if let Some(at) = at {
            flush(self.pool, at, &mut sum, (m, n));
        }
        let add = !sum.is_empty();
        if !add {
            sum = self.pool.take(m * n);
        }
        let rows = left.len() / m;
        let (left, right) = (Matrix::row_major(left, rows, m), Matrix::row_major(right, rows, n));
        T::gemm(&mut self.scratch.borrow_mut(), left.t(), right, &mut sum, add);
        let sum = Running::of(sum, self.pool);
        self.put(leaf, sum);
    }
}

/// Completes the gradient of `leaf`.
pub(crate) fn finish<T: Real>(
    pool: &mut Pool<T>,
    (leaf, sum): (u64, &mut Vec<T>),
    shape: &[usize],
) {
    while let (Some(at), &[m, n]) = (pool.gathers.iter().position(|g| g.leaf == leaf), shape) {
        flush(pool, at, sum, (m, n));
        pool.gathers.swap_remove(at).give_to(pool);
    }
}

/// Multiplies what has been gathered.
fn flush<T: Real>(pool: &mut Pool<T>, at: usize, sum: &mut Vec<T>, (m, n): (usize, usize)) {
    let Columns { start, len } = pool.gathers[at].columns;
    let mut add = !sum.is_empty();
    if !add {
        *sum = pool.take(m * n);
        if len < n {
            sum.fill(T::ZERO);
            add = true;
        }
    }
    T::add_rows(&mut pool.gathers[at].rows, &mut sum[start..], n, add);
}
