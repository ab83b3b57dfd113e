//! `C = A B`, packed into panels that fit the cache.
//!
//! The layering is that of Goto & van de Geijn, *Anatomy of high-performance matrix
//! multiplication* (2008), read row-major.
//!
//! * A **tile** of `C`, a few rows by two vectors of columns, stays in registers while `k`
//!   runs: each step loads one row of `B`, broadcasts a few entries of `A`, and multiplies.
//! * A **panel** of `A` holds the rows of one tile, interleaved, so that the entries of one
//!   step lie side by side; it is read again for every tile of its rows and stays in the
//!   first-level cache.
//! * A **block** of `B` is cut into panels of two vectors; it is read again for every panel
//!   of `A` and stays in the second-level cache. A `B` whose rows are already contiguous
//!   is left where it is when `A` has too few rows to pay for the copy, and a
//!   weight used at every time step is packed once: [`Packed`].
//!
//! # The bits
//!
//! Every entry is the chain `cᵢⱼ ← fma(aᵢₖ, bₖⱼ, cᵢⱼ)` over `k = 0, 1, 2, …`, from zero or
//! from the old `cᵢⱼ`, rounded once per step. Only independent entries share a vector, and
//! where `k` is cut into blocks the running sum rests in `C` and goes on. So the
//! bits of an entry depend on its row of `A`, its column of `B` and the old `C` alone: a
//! sequence has the same bits alone and in a batch, on every instruction set and along
//! every path below. [`plain`] says the same without the machinery.

mod lanes;
mod micro;
mod pack;
#[cfg(test)]
mod tests;
mod turn;

use super::Matrix;
use crate::Real;
use lanes::Lanes;
use micro::{Left, PANEL, Panels, Rows, highest};
use pack::{SLACK, interleave};
use pulp::{Arch, Simd, WithSimd};

/// Steps of `k` in one block: a panel of `A` and one of `B` share the first-level cache.
const DEPTH: usize = 256;
/// Bytes of one packed block of `B`: half of a common second-level cache.
const BLOCK: usize = 512 << 10;
/// Bytes of `A` worth packing as a whole, so that `B` need pass by only once.
const RESIDENT: usize = 128 << 10;
/// Bytes of a row-major `B` that is left in place even if it is read more than once.
const SMALL: usize = 128 << 10;
const BAND_ROW: usize = 2048;
const BAND: usize = 16;
/// Panels of `B` too few to pay for packing `A`.
const NARROW: usize = 4;
/// Bytes between the starts of two cache lines.
const LINE: usize = 64;

/// Packing memory, kept from one product to the next.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    a: Buffer<T>,
    b: Buffer<T>,
}

/// A right-hand side `B` packed once for many products.
///
/// A weight is the same at every time step of a sequence: packing it before the first
/// leaves the products of the others nothing to copy.
#[derive(Debug, Clone, Default)]
pub struct Packed<T> {
    panels: Buffer<T>,
    rows: usize,
    cols: usize,
}

impl<T> Packed<T> {
    /// Rows of `B`.
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// Columns of `B`.
    pub fn cols(&self) -> usize {
        self.cols
    }
}

/// Memory that starts on a cache line and only ever grows.
#[derive(Debug, Clone, Default)]
struct Buffer<T> {
    data: Vec<T>,
    start: usize,
}

impl<T: Real> Buffer<T> {
    /// At least `len` elements, holding anything.
    fn room(&mut self, len: usize) -> &mut [T] {
        let line = LINE / size_of::<T>();
        if self.data.len() < len + line {
            self.data.resize(len + line, T::ZERO);
            // An interpreter may refuse to say: any start is correct, one is fastest.
            self.start = self.data.as_ptr().align_offset(LINE).min(line);
        }
        &mut self.data[self.start..]
    }
}

/// `C = A B` or `C += A B` by the definition: one sum after another.
///
/// `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
pub fn plain<T: Real>(
    _: &mut Scratch<T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    add: bool,
) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut sum = if add { c[i * b.cols + j] } else { T::ZERO };
            for k in 0..a.cols {
                sum = a.at(i, k).mul_add(b.at(k, j), sum);
            }
            c[i * b.cols + j] = sum;
        }
    }
}

macro_rules! primitive {
    ($float:ident, $packed:ident) => {
        #[doc = concat!("[`plain`] for `", stringify!($float), "`, to the same bits.")]
        ///
        /// # Panics
        ///
        /// If the shapes do not agree: `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
        pub fn $float(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            b: Matrix<'_, $float>,
            c: &mut [$float],
            add: bool,
        ) {
            assert_eq!(a.cols, b.rows, "A has as many columns as B has rows");
            Arch::new().dispatch(Product { scratch, a, b: Right::Matrix(b), n: b.cols, c, add });
        }

        #[doc = concat!("[`", stringify!($float), "()`] with `B` packed before, to the same bits.")]
        ///
        /// # Panics
        ///
        /// If the shapes do not agree: `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
        pub fn $packed(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            b: &Packed<$float>,
            c: &mut [$float],
            add: bool,
        ) {
            assert_eq!(a.cols, b.rows, "A has as many columns as B has rows");
            Arch::new().dispatch(Product { scratch, a, b: Right::Packed(b), n: b.cols, c, add });
        }

        impl Packed<$float> {
            /// Packs `b`, in the memory of what was packed here before.
            pub fn pack(&mut self, b: Matrix<'_, $float>) {
                (self.rows, self.cols) = (b.rows, b.cols);
                Arch::new().dispatch(Pack { b, to: &mut self.panels });
            }
        }
    };
}

primitive!(f32, f32_packed);
primitive!(f64, f64_packed);

struct Pack<'a, T> {
    b: Matrix<'a, T>,
    to: &'a mut Buffer<T>,
}

impl<T: Lanes> WithSimd for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = PANEL * T::lanes::<S>();
        let to = self.to.room(self.b.cols.next_multiple_of(width) * self.b.rows + SLACK);
        pack_panels(simd, self.b, width, to);
    }
}

/// Cuts `b` into panels `width` columns wide.
#[inline(always)]
fn pack_panels<S: Simd, T: Lanes>(simd: S, b: Matrix<'_, T>, width: usize, to: &mut [T]) {
    for (p, j) in (0..b.cols).step_by(width).enumerate() {
        let columns = part(b.t(), j, width.min(b.cols - j), 0, b.rows);
        interleave(simd, columns, width, &mut to[p * width * b.rows..]);
    }
}

/// `rows` rows from `row` on, and of these `cols` columns from `col` on.
#[inline(always)]
fn part<T>(
    x: Matrix<'_, T>,
    row: usize,
    rows: usize,
    col: usize,
    cols: usize,
) -> Matrix<'_, T> {
    Matrix { data: &x.data[row * x.row_stride + col * x.col_stride..], rows, cols, ..x }
}

enum Right<'a, T> {
    Matrix(Matrix<'a, T>),
    Packed(&'a Packed<T>),
}

struct Product<'a, T> {
    scratch: &'a mut Scratch<T>,
    a: Matrix<'a, T>,
    b: Right<'a, T>,
    n: usize,
    c: &'a mut [T],
    add: bool,
}

impl<T: Lanes> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scratch, a, b, n, c, add } = self;
        let (m, depth) = (a.rows, a.cols);
        let c = &mut c[..m * n];
        if depth == 0 && !add {
            c.fill(T::ZERO);
        }
        if depth == 0 || c.is_empty() {
            return;
        }
        let width = PANEL * T::lanes::<S>();
        // Rows are dealt out evenly: 20 rows are two tiles of 10 rather than one of 12 and
        // a small one that keeps the machine half idle.
        let count = m.div_ceil(highest::<S>());
        let rows = |p: usize| p * m / count..(p + 1) * m / count;

        // A row-major `B` stays where it is if it is read once, or is small enough to be
        // read again from the cache.
        let in_place = match &b {
            Right::Matrix(b) => {
                b.col_stride == 1 && (count == 1 || depth * n * size_of::<T>() <= SMALL)
            }
            Right::Packed(_) => false,
        };
        // A matrix of long rows is read in flat bands: every step of `k` is another page.
        let steps_at_once = if in_place && n * size_of::<T>() > BAND_ROW { BAND } else { DEPTH };
        let steps = steps_at_once.min(depth);

        let narrow = n <= NARROW * width;
        let left = if a.col_stride == 1 && (m == 1 || narrow) {
            Some(Left::Rows { data: a.data, row: a.row_stride })
        } else if a.row_stride == 1 && narrow {
            Some(Left::Steps { data: a.data, step: a.col_stride })
        } else {
            None
        };
        let resident = m * steps * size_of::<T>() <= RESIDENT;
        let room = if resident { m } else { highest::<S>() } * steps + SLACK;
        let a_room = if left.is_some() { &mut [] } else { scratch.a.room(room) };

        let block = match &b {
            _ if in_place => n,
            Right::Packed(_) if resident => n,
            Right::Matrix(_) if resident => 4 * width,
            _ => BLOCK / size_of::<T>() / steps / width * width,
        };
        let block = block.min(n.next_multiple_of(width));

        for k in (0..depth).step_by(steps_at_once) {
            let steps = steps_at_once.min(depth - k);
            if resident && left.is_none() {
                for p in 0..count {
                    let r = rows(p);
                    let to = &mut a_room[r.start * steps..];
                    interleave(simd, part(a, r.start, r.len(), k, steps), r.len(), to);
                }
            }
            for j in (0..n).step_by(block) {
                let wide = block.min(n - j);
                let full = wide / width;
                let (panels, tail) = match &b {
                    Right::Packed(b) => {
                        let data = &b.panels.data[b.panels.start..];
                        let at = |p: usize| Panels {
                            data: &data[(j / width + p) * depth * width + k * width..],
                            row: width,
                            panel: depth * width,
                        };
                        let tail = if wide > full * width { at(full) } else { at(0) };
                        (at(0), tail)
                    }
                    Right::Matrix(b) if in_place => {
                        let at = &b.data[k * b.row_stride + j..];
                        let panels = Panels { data: at, row: b.row_stride, panel: width };
                        let rest = wide - full * width;
                        let tail = if rest == 0 || rest == T::lanes::<S>() {
                            Panels { data: &at[wide - rest..], ..panels }
                        } else {
                            let to = scratch.b.room(steps * width + SLACK);
                            let rest = part(*b, k, steps, j + full * width, rest);
                            pack_panels(simd, rest, width, to);
                            Panels { data: to, row: width, panel: steps * width }
                        };
                        (panels, tail)
                    }
                    Right::Matrix(b) => {
                        let to = scratch.b.room(steps * block + SLACK);
                        pack_panels(simd, part(*b, k, steps, j, wide), width, to);
                        let panels = Panels { data: to, row: width, panel: steps * width };
                        (panels, Panels { data: &to[full * steps * width..], ..panels })
                    }
                };
                for p in 0..count {
                    let r = rows(p);
                    let height = r.len();
                    let a = match left {
                        Some(Left::Rows { data, row }) => {
                            Left::Rows { data: &data[r.start * row + k..], row }
                        }
                        Some(Left::Steps { data, step }) => {
                            Left::Steps { data: &data[k * step + r.start..], step }
                        }
                        None => {
                            let at = if resident {
                                &a_room[r.start * steps..]
                            } else {
                                interleave(simd, part(a, r.start, height, k, steps), height, a_room);
                                &*a_room
                            };
                            Left::Steps { data: at, step: height }
                        }
                    };
                    let rows = Rows {
                        a,
                        depth: steps,
                        b: panels,
                        tail,
                        c: &mut c[r.start * n + j..],
                        stride: n,
                        width: wide,
                        add: add || k > 0,
                    };
                    rows.multiply(simd, height);
                }
            }
        }
    }
}
