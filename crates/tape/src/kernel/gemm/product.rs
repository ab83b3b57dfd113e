//! A product, and what must be done to the least of them.

use super::{
    Buffer, Matrix, Packed, Packing,
    lanes::Lanes,
    loops::{DEPTH, Loops},
    micro::{Left, PANEL, Panels, Rows, Start, highest_of_rows},
    pack::{SLACK, copy_vectors, interleave},
    soon::Soon,
    turn::SIDE,
};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Panels of `B` too few to pay for packing `A`.
const NARROW: usize = 4;
/// Bytes of a `C` whose rows are so short that those of `A` and `B` are read as fast where they stand as packed.
const SMALL: usize = 256 << 10;

/// `B` as the caller has it.
pub(super) enum Right<'a, T> {
    Matrix(Matrix<'a, T>),
    Packed(&'a Packed<T>),
}

impl<T> Right<'_, T> {
    #[inline(always)]
    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Matrix(b) => b.cols,
            Self::Packed(b) => b.cols,
        }
    }
}

/// `C = A B` or `C += A B`, to be run on any instruction set. (It is handed on by reference: to move so many words takes as long
/// as the least of products.)
pub(super) struct Product<'a, T> {
    pub(super) packing: &'a mut Packing<T>,
    pub(super) soon: Soon,
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Right<'a, T>,
    /// `C`, and how far its rows are apart.
    pub(super) c: (&'a mut [T], usize),
    pub(super) add: bool,
    /// What `C` begins with, if it is not added to.
    pub(super) from: Option<Start<'a, T>>,
}

impl<T: Lanes> WithSimd for &mut Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { a, ref b, c: (ref mut c, stride), add, from, .. } = *self;
        let (m, depth, n) = (a.rows, a.cols, b.columns());
        if m == 0 || n == 0 {
            return;
        }
        let c = &mut c[..(m - 1) * stride + n];
        if depth == 0 {
            for (i, c) in c.chunks_mut(stride).enumerate().filter(|_| !add) {
                match from {
                    Some(from) => c[..n].copy_from_slice(&from.data[i * from.row..][..n]),
                    None => c[..n].fill(T::ZERO),
                }
            }
            return;
        }
        let width = PANEL * T::lanes::<S>();
        let left = unpacked::<S, T>(a, n);
        // The least of products: one tile high, nothing to pack. On its own, because the
        // loops of the others cost as much as all its arithmetic.
        if let Some(left) = left
            && m <= highest_of_rows::<S>()
            && depth <= DEPTH
            && let Some(b) = at_hand::<S, T>(b, depth, n)
        {
            let tail = if n % width > 0 { b.skip(n / width) } else { b };
            let soon = &mut self.soon;
            Rows { a: left, depth, b, tail, c, stride, width: n, add, from, ahead: None, soon }
                .multiply(simd, m);
            return;
        }
        simd.vectorize(Loops(self));
    }
}

/// Where the panels of `B` are found if they need not be packed any more, for `n` columns of one block of steps.
#[inline(always)]
pub(super) fn at_hand<'a, S: Simd, T: Lanes>(
    b: &Right<'a, T>,
    depth: usize,
    n: usize,
) -> Option<Panels<'a, T>> {
    let width = PANEL * T::lanes::<S>();
    let rest = n % width;
    match *b {
        Right::Packed(b) => {
            let data = &b.panels.data[b.panels.start..];
            Some(Panels { data, row: width, panel: depth * width })
        }
        Right::Matrix(b) if b.col_stride == 1 && (rest == 0 || rest == T::lanes::<S>()) => {
            Some(Panels { data: b.data, row: b.row_stride, panel: width })
        }
        Right::Matrix(_) => None,
    }
}

/// Is `C` so small that nothing need be packed that lies as it will be read?
pub(super) fn is_small<T>(m: usize, n: usize) -> bool {
    m * n * size_of::<T>() <= SMALL
}

/// Where `A` is found if it need not be packed: in a single row, or if it is used little, or read as fast where it is.
#[inline(always)]
pub(super) fn unpacked<S: Simd, T: Lanes>(a: Matrix<'_, T>, n: usize) -> Option<Left<'_, T>> {
    let narrow = n <= NARROW * PANEL * T::lanes::<S>();
    if a.col_stride == 1 && (a.rows == 1 || narrow) {
        Some(Left::Rows { data: a.data, row: a.row_stride })
    } else if a.row_stride == 1 && (narrow || is_small::<T>(a.rows, n)) {
        Some(Left::Steps { data: a.data, step: a.col_stride })
    } else {
        None
    }
}

/// Packs all of `B`, to be run on any instruction set.
pub(super) struct Pack<'a, T> {
    pub(super) b: Matrix<'a, T>,
    pub(super) to: &'a mut Buffer<T>,
}

impl<T: Lanes> WithSimd for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = PANEL * T::lanes::<S>();
        let to = self.to.room(self.b.cols.next_multiple_of(width) * self.b.rows + SLACK);
        if self.b.rows > 0 {
            pack(simd, self.b, width, to);
        }
    }
}

/// Cuts `b` into panels `width` columns wide, one after another.
#[inline(always)]
pub(super) fn pack<S: Simd, T: Lanes>(simd: S, b: Matrix<'_, T>, width: usize, to: &mut [T]) {
    // Rows are read once, a few at a time, for all panels.
    let few = if b.col_stride == 1 { SIDE } else { b.rows };
    for k in (0..b.rows).step_by(few.max(1)) {
        let rows = k..b.rows.min(k + few);
        for j in (0..b.cols).step_by(width) {
            let columns = j..b.cols.min(j + width);
            let to = &mut to[j * b.rows + k * width..];
            let full = columns.len() == width;
            let panel = part(b, rows.clone(), columns);
            if b.col_stride == 1 && full {
                copy_vectors::<S, T>(panel, width, to);
            } else {
                interleave(simd, panel.t(), width, to);
            }
        }
    }
}

/// Some rows of a matrix, and some columns of these.
#[inline(always)]
pub(super) fn part<T>(x: Matrix<'_, T>, rows: Range<usize>, cols: Range<usize>) -> Matrix<'_, T> {
    let data = &x.data[rows.start * x.row_stride + cols.start * x.col_stride..];
    Matrix { data, rows: rows.len(), cols: cols.len(), ..x }
}
