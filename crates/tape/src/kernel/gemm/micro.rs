//! The microkernel: a small tile of `C` held in registers while `k` runs.

use super::lanes::Lanes;
use pulp::{Simd, WithSimd};

/// Vectors in one row of a panel of `B`.
pub(super) const PANEL: usize = 2;

/// Where the rows of `B` are found, panel after panel.
///
/// Entry `j` of row `k` of panel `p` is `data[p * panel + k * row + j]`: this is a packed
/// block, and a row-major matrix left where it is, alike.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a, T> {
    pub(super) data: &'a [T],
    pub(super) row: usize,
    pub(super) panel: usize,
}

/// A few rows of `C` over all columns of a block: `C = A B` or `C += A B`.
pub(super) struct Rows<'a, T> {
    /// The rows of `A`, interleaved: entry `(i, k)` is `a[k * height + i]`.
    pub(super) a: &'a [T],
    /// The columns of `B` whose panels are full.
    pub(super) b: Panels<'a, T>,
    /// The columns of `B` beyond them, padded to a panel.
    pub(super) tail: Panels<'a, T>,
    /// From the first entry of `C` to be written.
    pub(super) c: &'a mut [T],
    /// Elements of `C` from one row to the next.
    pub(super) stride: usize,
    /// Columns to be written.
    pub(super) width: usize,
    /// Do the sums go on from what `C` holds?
    pub(super) add: bool,
}

impl<T: Lanes> Rows<'_, T> {
    /// The product of `height` rows, for any height that the registers of `S` allow.
    #[inline(always)]
    pub(super) fn multiply<S: Simd>(self, simd: S, height: usize) {
        // The fewer rows, the more panels go side by side: a sum waits for its predecessor,
        // and only independent sums fill that wait.
        match (height, S::REGISTER_COUNT >= 32) {
            (1, _) => simd.vectorize(Strip::<T, 1, 4>(self)),
            (2, true) => simd.vectorize(Strip::<T, 2, 4>(self)),
            (2, false) => simd.vectorize(Strip::<T, 2, 2>(self)),
            (3, true) => simd.vectorize(Strip::<T, 3, 2>(self)),
            (3, false) => simd.vectorize(Strip::<T, 3, 1>(self)),
            (4, true) => simd.vectorize(Strip::<T, 4, 2>(self)),
            (4, false) => simd.vectorize(Strip::<T, 4, 1>(self)),
            (5, true) => simd.vectorize(Strip::<T, 5, 2>(self)),
            (5, false) => simd.vectorize(Strip::<T, 5, 1>(self)),
            (6, true) => simd.vectorize(Strip::<T, 6, 2>(self)),
            (6, false) => simd.vectorize(Strip::<T, 6, 1>(self)),
            (7, true) => simd.vectorize(Strip::<T, 7, 1>(self)),
            (8, true) => simd.vectorize(Strip::<T, 8, 1>(self)),
            (9, true) => simd.vectorize(Strip::<T, 9, 1>(self)),
            (10, true) => simd.vectorize(Strip::<T, 10, 1>(self)),
            (11, true) => simd.vectorize(Strip::<T, 11, 1>(self)),
            (12, true) => simd.vectorize(Strip::<T, 12, 1>(self)),
            _ => unreachable!("no tile is {height} rows high"),
        }
    }
}

/// The most rows a tile can have: its sums and one row of a panel must fit the registers.
pub(super) fn highest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 12 } else { 6 }
}

/// [`Rows`] of a height and a number of panels side by side known to the compiler.
struct Strip<'a, T, const M: usize, const P: usize>(Rows<'a, T>);

impl<T: Lanes, const M: usize, const P: usize> WithSimd for Strip<'_, T, M, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Rows { a, b, tail, c, stride, width, add } = self.0;
        let (a, _) = pulp::as_arrays::<M, T>(a);
        let lanes = T::lanes::<S>();
        let full = width / (PANEL * lanes);
        let mut p = 0;
        while p + P <= full {
            let (b, c) = (b.skip(p), &mut c[p * PANEL * lanes..]);
            tile::<S, T, M, P, PANEL>(simd, a, b, c, stride, P * PANEL * lanes, add);
            p += P;
        }
        while P > 1 && p < full {
            let (b, c) = (b.skip(p), &mut c[p * PANEL * lanes..]);
            tile::<S, T, M, 1, PANEL>(simd, a, b, c, stride, PANEL * lanes, add);
            p += 1;
        }
        let done = full * PANEL * lanes;
        if width > done {
            let c = &mut c[done..];
            if width - done <= lanes {
                tile::<S, T, M, 1, 1>(simd, a, tail, c, stride, width - done, add);
            } else {
                tile::<S, T, M, 1, PANEL>(simd, a, tail, c, stride, width - done, add);
            }
        }
    }
}

impl<T> Panels<'_, T> {
    #[inline(always)]
    fn skip(self, panels: usize) -> Self {
        Self { data: &self.data[panels * self.panel..], ..self }
    }
}

/// `M` rows by `P` panels of `V` vectors: `cᵢⱼ = fma(aᵢₖ, bₖⱼ, cᵢⱼ)` for `k = 0, 1, 2, …`
#[inline(always)]
fn tile<S: Simd, T: Lanes, const M: usize, const P: usize, const V: usize>(
    simd: S,
    a: &[[T; M]],
    b: Panels<'_, T>,
    c: &mut [T],
    stride: usize,
    width: usize,
    add: bool,
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
    }
    for (k, a) in a.iter().enumerate() {
        let mut line = [[zero; V]; P];
        for (p, line) in line.iter_mut().enumerate() {
            let b = T::vectors::<S>(&b.data[p * b.panel + k * b.row..][..V * lanes]);
            for (line, &b) in line.iter_mut().zip(b) {
                *line = b;
            }
        }
        for (sums, &a) in sums.iter_mut().zip(a) {
            let a = T::splat(simd, a);
            for (sums, line) in sums.iter_mut().zip(&line) {
                for (sum, &b) in sums.iter_mut().zip(line) {
                    *sum = T::fma(simd, a, b, *sum);
                }
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
        for (x, c) in x.iter_mut().zip(row.chunks(T::lanes::<S>())) {
            *x = T::load_part(simd, c);
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
        for (c, &x) in row.chunks_mut(T::lanes::<S>()).zip(x) {
            T::store_part(simd, c, x);
        }
    }
}
