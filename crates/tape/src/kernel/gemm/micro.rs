//! A few rows of `C`, tile after tile, of the height that the machine's registers allow.

use super::{
    ahead::Ahead,
    lanes::Lanes,
    soon::Soon,
    tile::{Entries, tile},
};
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

/// Where a few rows of `A` are found.
#[derive(Clone, Copy)]
pub(super) enum Left<'a, T> {
    /// The entries of one step side by side: `(i, k)` is `data[k * step + i]`.
    Steps { data: &'a [T], step: usize },
    /// The entries of one row side by side: `(i, k)` is `data[i * row + k]`.
    Rows { data: &'a [T], row: usize },
}

/// A few rows of `C` over all columns of a block: `C = A B` or `C += A B`.
pub(super) struct Rows<'a, T> {
    /// The rows of `A`.
    pub(super) a: Left<'a, T>,
    /// The steps of `k`.
    pub(super) depth: usize,
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
    /// What they begin with otherwise, if not with zero.
    pub(super) from: Option<Start<'a, T>>,
    /// What is read next, if it is far away.
    pub(super) ahead: Option<Ahead<'a, T>>,
    /// What is asked for as well.
    pub(super) soon: &'a mut Soon,
}

/// Rows that sums begin with: `(i, j)` is `data[i * row + j]`. A `row` of 0 serves all.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a, T> {
    /// From the first entry on.
    pub data: &'a [T],
    /// Elements from one row to the next.
    pub row: usize,
}

impl<'a, T> Start<'a, T> {
    /// The same from another entry on.
    #[inline(always)]
    pub(super) fn skip(self, rows: usize, columns: usize) -> Self {
        Self { data: &self.data[rows * self.row + columns..], ..self }
    }
}

impl<T: Lanes> Rows<'_, T> {
    /// The product of `height` rows, for any height that the registers of `S` allow.
    #[inline(always)]
    pub(super) fn multiply<S: Simd>(self, simd: S, height: usize) {
        // The fewer rows, the more panels go side by side: a sum waits for its predecessor,
        // and only independent sums fill that wait.
        let apart = matches!(self.a, Left::Steps { step, .. } if step > height);
        macro_rules! strip {
            ($($height:literal by $panels:literal),*) => {
                match height {
                    $($height if apart => simd.vectorize(Apart::<T, $height>(self)),)*
                    $($height => simd.vectorize(Strip::<T, $height, $panels>(self)),)*
                    _ => unreachable!("no tile is {height} rows high"),
                }
            };
        }
        if const { S::REGISTER_COUNT >= 32 } {
            strip!(1 by 4, 2 by 4, 3 by 2, 4 by 2, 5 by 2, 6 by 2,
                7 by 1, 8 by 1, 9 by 1, 10 by 1, 11 by 1, 12 by 1);
        } else if const { is_scalar::<S>() } {
            strip!(1 by 1, 2 by 1);
        } else {
            strip!(1 by 4, 2 by 2, 3 by 1, 4 by 1, 5 by 1, 6 by 1);
        }
    }
}

/// The most rows a tile can have: its sums and one row of a panel must fit the registers.
pub(super) fn highest<S: Simd>() -> usize {
    match S::REGISTER_COUNT {
        32.. => 12,
        _ if is_scalar::<S>() => 2,
        _ => 6,
    }
}

/// A machine without vectors: it gets small tiles, correct and quick to compile.
const fn is_scalar<S: Simd>() -> bool {
    size_of::<S::f64s>() == size_of::<f64>()
}

/// The same where the rows of `A` are not packed, and each takes a pointer as well.
pub(super) fn highest_of_rows<S: Simd>() -> usize {
    highest::<S>().min(10)
}

/// [`Rows`] of a height and a number of panels side by side known to the compiler.
struct Strip<'a, T, const M: usize, const P: usize>(Rows<'a, T>);

impl<T: Lanes, const M: usize, const P: usize> WithSimd for Strip<'_, T, M, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.0.a {
            Left::Steps { data, step } => self.sweep(simd, &Steps::<T, false> { data, step }),
            Left::Rows { data, row } => {
                let mut rows: [&[T]; M] = [&[]; M];
                for (i, a) in rows.iter_mut().enumerate() {
                    *a = &data[i * row..][..self.0.depth];
                }
                self.sweep(simd, &rows);
            }
        }
    }
}

/// A [`Strip`] of entries whose steps stand apart. (A function of its own: what it needs at hand would be moved about at every
/// tile of the other.)
struct Apart<'a, T, const M: usize>(Rows<'a, T>);

impl<T: Lanes, const M: usize> WithSimd for Apart<'_, T, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if let Left::Steps { data, step } = self.0.a {
            Strip::<T, M, 1>(self.0).sweep(simd, &Steps::<T, true> { data, step });
        }
    }
}

/// [`Left::Steps`], of which it is known whether something stands between them.
struct Steps<'a, T, const APART: bool> {
    data: &'a [T],
    step: usize,
}

impl<T: Lanes, const M: usize, const APART: bool> Entries<T, M> for Steps<'_, T, APART> {
    #[inline(always)]
    fn at(&self, k: usize) -> [T; M] {
        let mut a = [T::ZERO; M];
        a.copy_from_slice(&self.data[k * self.step..][..M]);
        a
    }
    #[inline(always)]
    fn dense(&self) -> Option<&[[T; M]]> {
        (!APART && self.step == M).then_some(pulp::as_arrays(self.data).0)
    }
    #[inline(always)]
    fn rows(&self) -> Option<(&[T], usize)> {
        APART.then_some((self.data, self.step))
    }
}

impl<T: Lanes, const M: usize> Entries<T, M> for [&[T]; M] {
    #[inline(always)]
    fn at(&self, k: usize) -> [T; M] {
        let mut a = [T::ZERO; M];
        for (a, row) in a.iter_mut().zip(self) {
            *a = row[k];
        }
        a
    }
    #[inline(always)]
    fn dense(&self) -> Option<&[[T; M]]> {
        (M == 1).then(|| pulp::as_arrays(self[0]).0)
    }
}

impl<T: Lanes, const M: usize, const P: usize> Strip<'_, T, M, P> {
    /// Tile after tile from left to right; `a` knows the entries of `A`.
    #[inline(always)]
    fn sweep<S: Simd>(self, simd: S, a: &impl Entries<T, M>) {
        let Rows { a: _, depth, b, tail, c, stride, width, add, from, ahead, soon } = self.0;
        let start = |at: usize| (add, from.map(|from| from.skip(0, at)));
        let ahead = |p| ahead.map_or(&[][..], |ahead| ahead.panel(p));
        let panel = PANEL * T::lanes::<S>();
        let full = width / panel;
        let mut p = 0;
        while p + P <= full {
            let (c, start) = (&mut c[p * panel..], start(p * panel));
            tile::<S, T, M, P, PANEL>(
                simd,
                a,
                depth,
                b.skip(p),
                c,
                stride,
                P * panel,
                start,
                ahead(p),
                soon,
            );
            p += P;
        }
        while P > 1 && p < full {
            let (c, start) = (&mut c[p * panel..], start(p * panel));
            tile::<S, T, M, 1, PANEL>(
                simd,
                a,
                depth,
                b.skip(p),
                c,
                stride,
                panel,
                start,
                &[],
                soon,
            );
            p += 1;
        }
        let rest = width - full * panel;
        if rest > 0 {
            let (c, start) = (&mut c[full * panel..], start(full * panel));
            if rest <= panel / PANEL {
                tile::<S, T, M, 1, 1>(simd, a, depth, tail, c, stride, rest, start, &[], soon);
            } else {
                tile::<S, T, M, 1, PANEL>(simd, a, depth, tail, c, stride, rest, start, &[], soon);
            }
        }
    }
}

impl<T: Copy> Panels<'_, T> {
    #[inline(always)]
    pub(super) fn skip(self, panels: usize) -> Self {
        Self { data: &self.data[panels * self.panel..], ..self }
    }
}
