//! The loops around the tiles: which part of `A` and `B` is at hand, and for how long.

use super::{
    Buffer, Matrix, Packed, Scratch,
    lanes::Lanes,
    micro::{Left, PANEL, Panels, Rows, Start, highest, highest_of_rows},
    pack::{SLACK, interleave},
};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Steps of `k` in one block: a panel of `A` and one of `B` share the first-level cache.
const DEPTH: usize = 256;
/// Bytes of one packed block of `B`: half of a common second-level cache.
const BLOCK: usize = 512 << 10;
/// Bytes of `A` worth packing as a whole, so that `B` need pass by only once.
const RESIDENT: usize = 128 << 10;
/// Panels of `B` packed at a time while all of `A` is at hand.
const PASSING: usize = 4;
/// Panels of `B` too few to pay for packing `A`.
const NARROW: usize = 4;
/// Tiles of rows too few to pay for packing a row-major `B`.
const FEW: usize = 8;
/// The same for a large `B`.
const FEW_OF_LARGE: usize = 3;
/// Bytes of `B` that only the last cache keeps, if the machine is not busy otherwise.
const LARGE: usize = 4 << 20;
/// Bytes of `B` that no cache keeps. It is read in flat bands, a few long rows at a time,
/// as memory serves them best.
const HUGE: usize = 12 << 20;
/// Bytes of one column of `B` in such a band.
const BAND: usize = 64;

/// `B` as the caller has it.
pub(super) enum Right<'a, T> {
    Matrix(Matrix<'a, T>),
    Packed(&'a Packed<T>),
}

/// `C = A B` or `C += A B`, to be run on any instruction set.
pub(super) struct Product<'a, T> {
    pub(super) scratch: &'a mut Scratch<T>,
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Right<'a, T>,
    pub(super) n: usize,
    pub(super) c: &'a mut [T],
    pub(super) add: bool,
    /// What `C` begins with, if it is not added to.
    pub(super) from: Option<Start<'a, T>>,
}

/// `B` as the tiles will read it.
enum Source<'a, T> {
    Packed(&'a [T]),
    InPlace(Matrix<'a, T>),
    Blocks(Matrix<'a, T>),
}

impl<T: Lanes> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scratch, a, b, n, c, add, from } = self;
        let (m, depth) = (a.rows, a.cols);
        let c = &mut c[..m * n];
        if depth == 0 && !add {
            c.fill(T::ZERO);
            if let Some(from) = from {
                let rows = c.chunks_exact_mut(n.max(1)).enumerate();
                rows.for_each(|(i, c)| c.copy_from_slice(&from.data[i * from.row..][..n]));
            }
        }
        if depth == 0 || c.is_empty() {
            return;
        }
        let width = PANEL * T::lanes::<S>();
        let left = unpacked(a, n <= NARROW * width);
        // The least of products: one tile high, nothing to pack. On its own, because the
        // loops of the others cost as much as all its arithmetic.
        if let (Some(left), Right::Matrix(b)) = (left, &b) {
            let rest = n % width;
            let aligned = rest == 0 || rest == T::lanes::<S>();
            if m <= highest_of_rows::<S>() && depth <= DEPTH && b.col_stride == 1 && aligned {
                let panels = Panels { data: b.data, row: b.row_stride, panel: width };
                let (b, tail) = panels.split(n / width, rest);
                Rows { a: left, depth, b, tail, c, stride: n, width: n, add, from }
                    .multiply(simd, m);
                return;
            }
        }
        simd.vectorize(Loops(Self { scratch, a, b, n, c, add, from }));
    }
}

/// Where `A` is found if it need not be packed: in a single row, or if it is used little.
#[inline(always)]
fn unpacked<T>(a: Matrix<'_, T>, narrow: bool) -> Option<Left<'_, T>> {
    if a.col_stride == 1 && (a.rows == 1 || narrow) {
        Some(Left::Rows { data: a.data, row: a.row_stride })
    } else if a.row_stride == 1 && narrow {
        Some(Left::Steps { data: a.data, step: a.col_stride })
    } else {
        None
    }
}

/// A [`Product`] with something to sum, from block to block.
struct Loops<'a, T>(Product<'a, T>);

impl<T: Lanes> WithSimd for Loops<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { scratch, a, b, n, c, add, from } = self.0;
        let (m, depth) = (a.rows, a.cols);
        let width = PANEL * T::lanes::<S>();
        let left = unpacked(a, n <= NARROW * width);
        let highest = match left {
            Some(Left::Rows { .. }) => highest_of_rows::<S>(),
            _ => highest::<S>(),
        };
        // Rows are dealt out evenly: 20 rows are two tiles of 10 rather than one of 12 and
        // a small one that keeps the machine half idle.
        let tiles = m.div_ceil(highest);
        let rows = |tile: usize| tile * m / tiles..(tile + 1) * m / tiles;

        let bytes = depth * n * size_of::<T>();
        let few = tiles <= if bytes > LARGE { FEW_OF_LARGE } else { FEW };
        let b = match b {
            Right::Packed(b) => Source::Packed(&b.panels.data[b.panels.start..]),
            Right::Matrix(b) if b.col_stride == 1 && few => Source::InPlace(b),
            Right::Matrix(b) => Source::Blocks(b),
        };
        let band = match b {
            Source::InPlace(_) if bytes > HUGE => BAND / size_of::<T>(),
            Source::Blocks(_) if m == 1 => DEPTH / 4,
            _ => DEPTH,
        };
        let most = band.min(depth);
        let resident = m * most * size_of::<T>() <= RESIDENT;
        let columns = match b {
            Source::InPlace(_) => n,
            Source::Packed(_) if resident => n,
            Source::Blocks(_) if resident => PASSING * width,
            _ => BLOCK / size_of::<T>() / most / width * width,
        };
        let columns = columns.min(n.next_multiple_of(width));
        let a_room = scratch.a.room(match left {
            Some(_) => 0,
            None if resident => m * most + SLACK,
            None => highest * most + SLACK,
        });
        let b_room = scratch.b.room(match b {
            Source::Packed(_) => 0,
            Source::InPlace(_) => most * width + SLACK,
            Source::Blocks(_) => most * columns + SLACK,
        });

        for k in (0..depth).step_by(band) {
            let k = k..depth.min(k + band);
            if resident && left.is_none() {
                for r in (0..tiles).map(rows) {
                    let to = &mut a_room[r.start * k.len()..];
                    interleave(simd, part(a, r.clone(), k.clone()), r.len(), to);
                }
            }
            for j in (0..n).step_by(columns) {
                let j = j..n.min(j + columns);
                let (full, rest) = (j.len() / width, j.len() % width);
                let (panels, tail) = match b {
                    Source::Packed(data) => {
                        let data = &data[j.start * depth + k.start * width..];
                        Panels { data, row: width, panel: depth * width }.split(full, rest)
                    }
                    Source::InPlace(b) => {
                        let data = &b.data[k.start * b.row_stride + j.start..];
                        let panels = Panels { data, row: b.row_stride, panel: width };
                        if rest == 0 || rest == T::lanes::<S>() {
                            panels.split(full, rest)
                        } else {
                            let last = part(b, k.clone(), j.end - rest..j.end);
                            pack(simd, last, width, b_room);
                            (panels, Panels { data: b_room, row: width, panel: 0 })
                        }
                    }
                    Source::Blocks(b) => {
                        pack(simd, part(b, k.clone(), j.clone()), width, b_room);
                        Panels { data: b_room, row: width, panel: k.len() * width }
                            .split(full, rest)
                    }
                };
                for r in (0..tiles).map(rows) {
                    let height = r.len();
                    let a = match left {
                        Some(Left::Rows { data, row }) => {
                            Left::Rows { data: &data[r.start * row + k.start..], row }
                        }
                        Some(Left::Steps { data, step }) => {
                            Left::Steps { data: &data[k.start * step + r.start..], step }
                        }
                        None if resident => {
                            Left::Steps { data: &a_room[r.start * k.len()..], step: height }
                        }
                        None => {
                            interleave(simd, part(a, r.clone(), k.clone()), height, a_room);
                            Left::Steps { data: a_room, step: height }
                        }
                    };
                    let tile = Rows {
                        a,
                        depth: k.len(),
                        b: panels,
                        tail,
                        c: &mut c[r.start * n + j.start..],
                        stride: n,
                        width: j.len(),
                        add: add || k.start > 0,
                        from: from.map(|from| from.skip(r.start, j.start)),
                    };
                    tile.multiply(simd, height);
                }
            }
        }
    }
}

impl<T: Copy> Panels<'_, T> {
    /// The full panels, and what follows them if anything does.
    #[inline(always)]
    fn split(self, full: usize, rest: usize) -> (Self, Self) {
        let tail = if rest > 0 { self.skip(full) } else { Self { data: &[], ..self } };
        (self, tail)
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
fn pack<S: Simd, T: Lanes>(simd: S, b: Matrix<'_, T>, width: usize, to: &mut [T]) {
    for j in (0..b.cols).step_by(width) {
        let columns = j..b.cols.min(j + width);
        interleave(simd, part(b, 0..b.rows, columns).t(), width, &mut to[j * b.rows..]);
    }
}

/// Some rows of a matrix, and some columns of these.
#[inline(always)]
fn part<T>(x: Matrix<'_, T>, rows: Range<usize>, cols: Range<usize>) -> Matrix<'_, T> {
    let data = &x.data[rows.start * x.row_stride + cols.start * x.col_stride..];
    Matrix { data, rows: rows.len(), cols: cols.len(), ..x }
}
