//! The gradient of a weight used at many steps: rows gathered, multiplied once.
//!
//! A weight `W` with `zₜ = xₜ W` at `T` steps has `W̄ = Σₜ xₜᵀ z̄ₜ`. Multiplying at every step reads and
//! writes all of `W̄` for the sake of `B` rows; instead the rows of `xₜ` and `z̄ₜ` are laid down one below the other,
//! as a product will read them ([`RankUpdate`]), and a block of them is multiplied when it is full. So many rows that they
//! fill a block of their own are multiplied where they stand. A product sums over its rows in order, so that the bits are the
//! same whatever the size of a block.

use crate::{
    Real,
    buffer::Buffer,
    kernel::{Matrix, gemm::RankUpdate},
    pool::Pool,
    running::Running,
    sweep::Sweep,
};

/// Rows of a block: a tile of its product finds all of one factor's share in the first-level cache, and several panels of the
/// other's in the second-level cache. A few less than 256: with the line on which it begins, a block of 2ᵏ columns just fits
/// the 2ᵏ⁺⁸ elements that the pool has for it.
const BLOCK: usize = 248;

/// Rows on their way into the gradient of one leaf.
#[derive(Debug)]
pub(crate) struct Gather<T> {
    /// The serial number of the leaf.
    pub(crate) leaf: u64,
    /// Which columns of the gradient they are for.
    columns: Columns,
    /// Rows and columns of the gradient.
    size: (usize, usize),
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
        self.rows.into_memory().into_iter().for_each(|memory| pool.give_memory(memory));
    }

    /// Adds what has been gathered to the gradient, which is empty where nothing has arrived.
    fn flush(&mut self, pool: &mut Pool<T>, sum: &mut Buffer<T>) {
        let (Columns { start, len }, (m, n)) = (self.columns, self.size);
        let mut add = !sum.is_empty();
        if !add {
            *sum = pool.take(m * n);
            if len < n {
                sum.fill(T::ZERO);
                add = true;
            }
        }
        T::add_rows(&mut self.rows, &mut sum[start..], n, add);
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
        if columns.len == n && left.len() >= BLOCK * m {
            return self.at_once(leaf, at, (left, right), (m, n));
        }
        let at = at.unwrap_or_else(|| {
            let rows = RankUpdate::new((m, columns.len), BLOCK, |len| self.pool.vector(len));
            self.pool.gathers.push(Gather { leaf, columns, size: (m, n), rows });
            self.pool.gathers.len() - 1
        });
        while !left.is_empty() {
            let count = T::push_rows(&mut self.pool.gathers[at].rows, left, right);
            (left, right) = (&left[count * m..], &right[count * columns.len..]);
            if !left.is_empty() {
                self.flush(at);
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
        if let Some(at) = at {
            self.flush(at);
        }
        let mut sum = self.take(leaf).into_buffer(self.pool);
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

    /// Multiplies the rows that stand `at`.
    fn flush(&mut self, at: usize) {
        let mut gather = self.pool.gathers.remove(at);
        let mut sum = self.take(gather.leaf).into_buffer(self.pool);
        gather.flush(self.pool, &mut sum);
        let sum = Running::of(sum, self.pool);
        self.put(gather.leaf, sum);
        self.pool.gathers.insert(at, gather);
    }
}

/// Completes the gradient of `leaf`.
pub(crate) fn finish<T: Real>(pool: &mut Pool<T>, leaf: u64, sum: &mut Buffer<T>) {
    while let Some(at) = pool.gathers.iter().position(|g| g.leaf == leaf) {
        let mut gather = pool.gathers.swap_remove(at);
        gather.flush(pool, sum);
        gather.give_to(pool);
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Var};
    use ndarray::Array;

    const WIDTH: usize = 70;

    /// Whole numbers, whose sums are exact in any order.
    fn whole<'t>(tape: &'t Tape<f64>, rows: usize, columns: usize, seed: usize) -> Var<'t, f64> {
        let value = |(i, j): (usize, usize)| ((i * 7 + j * 5 + seed * 3) % 11) as f64 - 5.0;
        tape.constant(Array::from_shape_fn((rows, columns), value).into_dyn())
    }

    #[test]
    fn rows_of_few_steps_and_of_many_all_arrive() {
        let tape = Tape::<f64>::new();
        let leaf = |n: usize| tape.leaf(Array::from_elem((3, n), 0.5).into_dyn());
        let (u, w) = (leaf(WIDTH), leaf(20));
        let mut loss = tape.zeros(&[]);
        let (mut for_u, mut for_w) = (Array::zeros((3, WIDTH)), Array::zeros((3, 20)));
        for (step, rows) in [4, 200, 1500, 5, 300, 256, 0, 7].into_iter().enumerate() {
            let (x, y) = (whole(&tape, rows, 3, step), whole(&tape, rows, WIDTH, step + 5));
            let part = whole(&tape, rows, 8, step + 9);
            loss = loss + (x.matmul(u) * y).sum() + (x.matmul_columns(w, 4..12) * part).sum();
            let of =
                |v: Var<'_, f64>, n| v.value().to_owned().into_shape_with_order((rows, n)).unwrap();
            for_u += &of(x, 3).t().dot(&of(y, WIDTH));
            let mut window = for_w.slice_mut(ndarray::s![.., 4..12]);
            window += &of(x, 3).t().dot(&of(part, 8));
        }
        for _ in 0..2 {
            let gradients = tape.backward(loss);
            assert_eq!(gradients[u], for_u.clone().into_dyn());
            assert_eq!(gradients[w], for_w.clone().into_dyn());
        }
        assert!(tape.pool.lock().gathers.is_empty());
    }
}
