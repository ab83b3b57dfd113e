//! Rows looked up, added up and scattered.

use ::tape::{Real, kernel::Matrix};

/// What a layer reads: rows of numbers, or classes that stand for rows of zeros and a one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read<'a, T> {
    Dense(&'a [T]),
    Classes(&'a [usize]),
}

/// `outₖ = table[classₖ] + row`
pub(super) fn look_up<T: Real>(table: &[T], classes: &[usize], row: Option<&[T]>, out: &mut [T]) {
    let width = out.len() / classes.len();
    T::vectorize(
        #[inline(always)]
        || {
            for (out, &class) in out.chunks_exact_mut(width).zip(classes) {
                let found = &table[class * width..][..width];
                let Some(row) = row else {
                    out.copy_from_slice(found);
                    continue;
                };
                for ((out, &x), &b) in out.iter_mut().zip(found).zip(row) {
                    *out = x + b;
                }
            }
        },
    );
}

/// `table[classₖ] = Σₖ rowsₖ`, zero where no row belongs.
pub(super) fn scatter<T: Real>(rows: &[T], classes: &[usize], table: &mut [T]) {
    let width = rows.len() / classes.len();
    T::vectorize(
        #[inline(always)]
        || {
            table.fill(T::ZERO);
            for (row, &class) in rows.chunks_exact(width).zip(classes) {
                for (sum, &x) in table[class * width..][..width].iter_mut().zip(row) {
                    *sum += x;
                }
            }
        },
    );
}

/// `sum = Σ rows`, of rows that are a stretch of longer ones.
pub(super) fn sum_rows<T: Real>(rows: Matrix<'_, T>, sum: &mut [T]) {
    T::vectorize(
        #[inline(always)]
        || {
            sum.fill(T::ZERO);
            for row in rows.data.chunks(rows.row_stride) {
                for (sum, &x) in sum.iter_mut().zip(row) {
                    *sum += x;
                }
            }
        },
    );
}

/// The columns `block · width ..` of a row-major matrix of several such blocks.
pub(super) fn columns<T>(data: &[T], blocks: usize, width: usize, block: usize) -> Matrix<'_, T> {
    let row_stride = blocks * width;
    let rows = data.len() / row_stride;
    let data = data.get(block * width..).unwrap_or(&[]);
    Matrix { data, rows, cols: width, row_stride, col_stride: 1 }
}
