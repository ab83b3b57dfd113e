//! `C += Lᵀ R`, whose rows arrive a few at a time.
//!
//! A rank-k update is a sum of outer products, `C [m, n] += Σₖ lₖᵀ rₖ`, of the rows `lₖ` of `L [K, m]` and `rₖ` of
//! `R [K, n]`. Where they are made a few at a time, as a sweep over time makes them, they are in the first caches
//! then. So they are laid down at once as the tiles of `C` will read them, with room for a block of them:
//!
//! * the entries of `lₖ` that one tile needs side by side, `k` after `k`; or all of `lₖ`, if it is so short that the tiles
//!   read it as fast;
//! * the entries of `rₖ` that one panel holds side by side, `k` after `k`.
//!
//! When the block is full it is multiplied, and nothing is left to pack. `C` is read and written once for each block. It
//! may be a stretch of the columns of a wider matrix.
//!
//! Every entry of `C` is one chain over `k`, as the [module above](super) promises: its bits depend neither on the size of a
//! block nor on how the rows have come.

use super::{
    Buffer, Matrix,
    ahead::Ahead,
    deal::{cut, evenly},
    lanes::Lanes,
    loops::RESIDENT,
    micro::{Left, PANEL, Panels, Rows, highest},
    pack::copy_vectors,
    per_line,
    soon::Soon,
};
use crate::Real;
use pulp::{Arch, Simd, WithSimd};

#[cfg(test)]
mod tests;

/// Rows that are laid down together: what is written of a panel are whole cache lines, what is read stays at hand.
const FEW: usize = 8;

/// Bytes of a row of each, together so short that those of `L` are not worth being cut into tiles: few panels pass by, and for
/// each of them a tile reads its share from the second-level cache.
const SHORT: usize = 3 << 9;

/// Rows of two factors, on their way into a product.
///
/// They are pushed and multiplied by [`Real::push_rows`] and [`Real::add_rows`]: where each number stands depends on the
/// scalar and on the machine.
///
/// ```
/// use tape::{Real, kernel::gemm::RankUpdate};
///
/// let mut update = RankUpdate::new((2, 1), 256, |len| vec![0.0; len]);
/// f64::push_rows(&mut update, &[1.0, 2.0], &[10.0]);
/// f64::push_rows(&mut update, &[3.0, 4.0], &[100.0]);
/// let mut c = [1.0, 1.0];
/// f64::add_rows(&mut update, &mut c, 1, true);
/// assert_eq!(c, [311.0, 421.0]); // 1 + 1 · 10 + 3 · 100, 1 + 2 · 10 + 4 · 100
/// ```
#[derive(Debug)]
pub struct RankUpdate<T> {
    /// Tile after tile, each with room for a block; or row after row.
    left: Buffer<T>,
    /// Panel after panel, each with room for a block.
    right: Buffer<T>,
    m: usize,
    n: usize,
    /// Elements from one row of `L` to the next, if they stay whole.
    row: Option<usize>,
    /// Rows of a tile on this machine, once that is known.
    height: usize,
    /// Rows of a block.
    room: usize,
    /// How many of them are there; behind them stands anything.
    rows: usize,
}

impl<T: Real> RankUpdate<T> {
    /// For a `C` of `m` rows and `n` columns, with room for a block of `room` rows. `take` is asked for two vectors of
    /// some length and any content.
    pub fn new((m, n): (usize, usize), room: usize, mut take: impl FnMut(usize) -> Vec<T>) -> Self {
        // No vector is longer than a line of the cache.
        let line = per_line::<T>();
        let padded = n.next_multiple_of(PANEL * line);
        let mut buffer = |len: usize| Buffer::starting_on_a_line(take(len + line));
        // An odd number of lines: rows of 2ᵏ would all stand in the same few places of the first-level cache.
        let lines = m.div_ceil(line) | 1;
        let row = ((m + n) * size_of::<T>() <= SHORT).then_some(lines * line);
        Self {
            left: buffer(row.unwrap_or(m) * room),
            right: buffer(padded * room),
            m,
            n,
            row,
            height: 0,
            room,
            rows: 0,
        }
    }

    /// The memory, to be used again.
    pub fn into_memory(self) -> [Vec<T>; 2] {
        [self.left.data, self.right.data]
    }

    /// Lays rows down as they come; returns how many had room.
    pub(crate) fn push_plain(&mut self, left: &[T], right: &[T]) -> usize {
        let (m, n) = (self.m, self.n);
        let (at, count) = self.grow(left, right);
        let (to_left, to_right) = (self.left.filled(), self.right.filled());
        to_left[at * m..][..count * m].copy_from_slice(&left[..count * m]);
        to_right[at * n..][..count * n].copy_from_slice(&right[..count * n]);
        count
    }

    /// The product by definition, of rows laid down as they came.
    pub(crate) fn add_plain(&mut self, c: &mut [T], stride: usize, add: bool) {
        let (m, n) = (self.m, self.n);
        let rows = std::mem::take(&mut self.rows);
        let (left, right) = (&*self.left.filled(), &*self.right.filled());
        for i in 0..m {
            for (j, c) in c[i * stride..][..n].iter_mut().enumerate() {
                let from = if add { *c } else { T::ZERO };
                *c = (0..rows).fold(from, |sum, k| left[k * m + i].mul_add(right[k * n + j], sum));
            }
        }
    }

    /// Counts rows in, as far as there is room: where they begin, and how many they are.
    #[inline(always)]
    fn grow(&mut self, left: &[T], right: &[T]) -> (usize, usize) {
        let count = if left.len() == self.m { 1 } else { left.len() / self.m };
        assert_eq!(right.len(), count * self.n, "as many rows on the right as on the left");
        let (at, count) = (self.rows, count.min(self.room - self.rows));
        self.rows += count;
        (at, count)
    }
}

macro_rules! primitive {
    ($float:ident) => {
        impl RankUpdate<$float> {
            /// Lays rows down in panels; returns how many had room.
            pub(crate) fn push(&mut self, left: &[$float], right: &[$float]) -> usize {
                Arch::new().dispatch(Push { to: self, left, right })
            }

            /// Multiplies what the panels hold, and empties them.
            pub(crate) fn add(&mut self, c: &mut [$float], stride: usize, add: bool) {
                Arch::new().dispatch(Add { from: self, c, stride, add });
            }
        }
    };
}

primitive!(f32);
primitive!(f64);

/// [`Real::push_rows`], to be run on any instruction set.
pub(super) struct Push<'a, T> {
    pub(super) to: &'a mut RankUpdate<T>,
    pub(super) left: &'a [T],
    pub(super) right: &'a [T],
}

impl<T: Lanes> WithSimd for Push<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let Self { to, left, right } = self;
        let (m, n, room, row) = (to.m, to.n, to.room, to.row);
        let (at, count) = to.grow(left, right);
        if to.height == 0 {
            to.height = evenly(m, highest::<S>());
        }
        let (height, width) = (to.height, PANEL * T::lanes::<S>());
        let (to_left, to_right) = (to.left.filled(), to.right.filled());
        match row {
            Some(row) => {
                let places = to_left[at * row..].chunks_exact_mut(row);
                for (to, from) in places.zip(left[..count * m].chunks_exact(m)) {
                    copy::<S, T>(from, to);
                }
            }
            None if count == 1 => {
                lay::<S, T>(&left[..m], height, to_left, |i, len| i * room + at * len);
            }
            None => {
                let (full, rest) = (m / height, m % height);
                for rows in cut(0..count, FEW) {
                    let (at, few, from) = (at + rows.start, rows.len(), &left[rows.start * m..]);
                    interleave((height, full), (from, m), (&mut to_left[at * height..], room), few);
                    if rest > 0 {
                        let to = &mut to_left[full * height * room + at * rest..];
                        interleave((rest, 1), (&from[full * height..], m), (to, room), few);
                    }
                }
            }
        }
        if count == 1 {
            lay::<S, T>(&right[..n], width, to_right, |j, _| j * room + at * width);
            return count;
        }
        for rows in cut(0..count, FEW) {
            let (at, few) = (at + rows.start, rows.len());
            for j in cut(0..n, width) {
                let to = &mut to_right[j.start * room + at * width..][..few * width];
                let (data, cols) = (&right[rows.start * n + j.start..], j.len());
                if cols == width {
                    let panel = Matrix { data, rows: few, cols, row_stride: n, col_stride: 1 };
                    copy_vectors::<S, T>(panel, width, to);
                } else {
                    for (k, to) in to.chunks_exact_mut(width).enumerate() {
                        to[..cols].copy_from_slice(&data[k * n..][..cols]);
                    }
                }
            }
        }
        count
    }
}

/// A single row, cut into stretches of some length, each of which goes where `at` says of its start and length. (As it comes
/// from a batch of one; to find out how to lay down several would take longer than to lay down this one.)
#[inline(always)]
fn lay<S: Simd, T: Lanes>(
    row: &[T],
    length: usize,
    to: &mut [T],
    at: impl Fn(usize, usize) -> usize,
) {
    let mut start = 0;
    while start < row.len() {
        let len = length.min(row.len() - start);
        copy::<S, T>(&row[start..][..len], &mut to[at(start, len)..]);
        start += len;
    }
}

/// As many numbers as there are in `from`: so few that to call for it would take longer.
#[inline(always)]
fn copy<S: Simd, T: Lanes>(from: &[T], to: &mut [T]) {
    let to = &mut to[..from.len()];
    let whole = from.len() / T::lanes::<S>() * T::lanes::<S>();
    for (to, &from) in T::vectors_mut::<S>(to).iter_mut().zip(T::vectors::<S>(from)) {
        *to = from;
    }
    for (to, &from) in to[whole..].iter_mut().zip(&from[whole..]) {
        *to = from;
    }
}

/// The first numbers of `few` rows, cut into `tiles` tiles of some height: in each tile one run after the other, with room for
/// `room` of them.
#[inline(always)]
fn interleave<T: Copy>(
    (height, tiles): (usize, usize),
    (from, row): (&[T], usize),
    (to, room): (&mut [T], usize),
    few: usize,
) {
    // Runs as short as these are copied well only if their length is known to the compiler.
    macro_rules! runs {
        ($($height:literal)*) => {
            match height {
                $($height => {
                    for tile in 0..tiles {
                        let from = &from[tile * $height..];
                        let to = &mut to[tile * $height * room..][..few * $height];
                        for k in 0..few {
                            let from = &from[k * row..][..$height];
                            to[k * $height..][..$height].copy_from_slice(from);
                        }
                    }
                })*
                _ => unreachable!("no tile is {height} rows high"),
            }
        };
    }
    runs!(1 2 3 4 5 6 7 8 9 10 11 12)
}

/// [`Real::add_rows`], to be run on any instruction set.
pub(super) struct Add<'a, T> {
    pub(super) from: &'a mut RankUpdate<T>,
    pub(super) c: &'a mut [T],
    pub(super) stride: usize,
    pub(super) add: bool,
}

impl<T: Lanes> WithSimd for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { from, c, stride, add } = self;
        let (m, n, room, row) = (from.m, from.n, from.room, from.row);
        let depth = std::mem::take(&mut from.rows);
        let (left, right) = (&*from.left.filled(), &*from.right.filled());
        let (height, width) = (evenly(m, highest::<S>()), PANEL * T::lanes::<S>());
        // A tile's entries of `L` stay in the first-level cache and the panels of a strip pass by; these stay in the
        // second-level cache, and the tiles of a group pass by.
        let resident = RESIDENT / size_of::<T>() / depth.max(1);
        let group = (resident / height).max(1) * height;
        let strip = (resident / width).max(1) * width;
        for group in cut(0..m, group) {
            for j in cut(0..n, strip) {
                let (full, rest) = (j.len() / width, j.len() % width);
                let b = &right[j.start * room..];
                let b = Panels { data: b, row: width, panel: room * width };
                let tail = if rest > 0 { b.skip(full) } else { b };
                // The next strip, or the first one for the next group.
                let next = if j.end == n { right } else { &right[j.end * room..] };
                let next = Panels { data: next, ..b };
                let tiles = group.len().div_ceil(height);
                for (i, r) in cut(group.clone(), height).enumerate() {
                    let a = match row {
                        Some(step) => Left::Steps { data: &left[r.start..], step },
                        None => Left::Steps { data: &left[r.start * room..], step: r.len() },
                    };
                    let (c, width) = (&mut c[r.start * stride + j.start..], j.len());
                    let ahead = Ahead::share(next, depth, (i, tiles), depth * n);
                    let soon = &mut Soon::default();
                    let rows =
                        Rows { a, depth, b, tail, c, stride, width, add, from: None, ahead, soon };
                    rows.multiply(simd, r.len());
                }
            }
        }
    }
}
