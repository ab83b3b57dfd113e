//! A matrix seen through strides, so that a transpose costs nothing.

/// A borrowed `rows × cols` matrix over a slice.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    /// The elements; entry `(r, c)` is `data[r * row_stride + c * col_stride]`.
    pub data: &'a [T],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Elements from one row to the next.
    pub row_stride: usize,
    /// Elements from one column to the next.
    pub col_stride: usize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// `data` read row after row.
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The transpose: the same elements, rows and columns swapped.
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Entry `(row, col)`.
    pub fn at(&self, row: usize, col: usize) -> T {
        self.data[row * self.row_stride + col * self.col_stride]
    }
}
