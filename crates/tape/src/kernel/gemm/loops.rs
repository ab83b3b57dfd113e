//! The loops around the tiles: which part of `A` and `B` is at hand, and for how long.
//!
//! ```text
//! a group of steps of k       A: as many as C can do with at once
//!   a slab of tiles           A: packed once, for all columns
//!     a block of columns      B: in the second-level cache
//!       a row of tiles        A: in the first-level cache, if it is short enough
//!         a tile              C: in registers, for all steps of the group
//! ```

use super::{
    Packing,
    ahead::Ahead,
    deal::{Tiles, cut, evenly},
    lanes::Lanes,
    micro::{Left, PANEL, Panels, Rows, highest, highest_of_rows},
    pack::{SLACK, interleave},
    product::{Product, Right, is_small, pack, part, unpacked},
    turn::SIDE,
};
use crate::kernel::{
    Matrix,
    line::{first_line, per_line},
};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Steps of `k` in a group, for a few rows of `A`. `C` is read and written once for each group, and a tile that begins or
/// ends multiplies nothing meanwhile: that costs more than a panel that comes from the second-level cache.
pub(super) const DEPTH: usize = 1024;
/// The same for many rows, of which few would be at hand otherwise.
const SHALLOW: usize = 512;
/// The same where rows of `B` are so long that few are at hand.
const LEAST: usize = 128;
/// Bytes of `A` packed at a time: half of a common second-level cache.
pub(super) const RESIDENT: usize = 256 << 10;
/// Bytes of `B` at hand at a time, if more than a panel: they are read for every group of tiles.
const BLOCK: usize = 512 << 10;
/// Rows of `A` that stay packed while one block of `B` follows the other. The fewer they are, the more often `B` is packed;
/// but every row of `C` lies on another page of memory, and the machine remembers the addresses of so many.
const SLAB: usize = 2048;
/// Tiles of rows too few to pay for packing a row-major `B`.
const FEW: usize = 2;
/// Bytes of `B` that no cache keeps. It is read in flat bands, a few long rows at a time,
/// as memory serves them best.
const HUGE: usize = 12 << 20;
/// Bytes of one column of `B` in such a band.
const BAND: usize = 64;

/// `B` as the tiles will read it.
enum Source<'a, T> {
    /// Packed beforehand.
    Packed(&'a [T]),
    /// Left where it is.
    InPlace(Matrix<'a, T>),
    /// To be packed, all panels of a group of steps.
    Group(Matrix<'a, T>),
    /// To be packed, panel after panel.
    Panel(Matrix<'a, T>),
}

/// Packs all steps of some tiles, tile after tile.
#[inline(always)]
fn pack_tiles<S: Simd, T: Lanes>(
    simd: S,
    a: Matrix<'_, T>,
    tiles: Tiles,
    t: Range<usize>,
    to: &mut [T],
) {
    let rows = tiles.rows(t.clone());
    // Columns that lie in memory as rows are read once, a few at a time, for all tiles.
    let few = if a.row_stride == 1 { SIDE } else { a.cols };
    for k in cut(0..a.cols, few) {
        for r in t.clone().map(|t| tiles.at(t)) {
            let at = (r.start - rows.start) * a.cols + k.start * r.len();
            interleave(simd, part(a, r.clone(), k.clone()), r.len(), &mut to[at..]);
        }
    }
}

/// Do the rows of `B` lie in whole lines of the cache? A tile would read twice as many lines otherwise.
fn in_lines<T>(b: Matrix<'_, T>) -> bool {
    b.col_stride == 1 && b.row_stride.is_multiple_of(per_line::<T>()) && first_line(b.data) == 0
}

/// A [`Product`] with something to sum.
pub(super) struct Loops<'p, 'a, T>(pub(super) &'p mut Product<'a, T>);

impl<T: Lanes> WithSimd for Loops<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { packing, soon, a, b, c: (c, stride), add, from } = self.0;
        let (a, n, stride, add, from) = (*a, b.columns(), *stride, *add, *from);
        let Packing { a: a_room, b: b_room } = &mut **packing;
        let depth = a.cols;
        let width = PANEL * T::lanes::<S>();
        let left = unpacked::<S, T>(a, n);
        let highest = match left {
            Some(Left::Rows { .. }) => highest_of_rows::<S>(),
            _ => highest::<S>(),
        };
        let tiles = Tiles { rows: a.rows, count: a.rows.div_ceil(highest) };

        let resident = RESIDENT / size_of::<T>();
        let steps = (resident / a.rows).clamp(SHALLOW, DEPTH);
        let group = (resident / steps / highest).clamp(1, tiles.count);
        let apart = matches!(left, Some(Left::Steps { .. })) && is_small::<T>(a.rows, n);
        let b = match *b {
            Right::Matrix(b) if apart && in_lines(b) => Source::InPlace(b),
            Right::Packed(b) => Source::Packed(&b.panels.data[b.panels.start..]),
            Right::Matrix(b) if b.col_stride == 1 && tiles.count <= FEW => Source::InPlace(b),
            Right::Matrix(b) if group < tiles.count => Source::Group(b),
            Right::Matrix(b) => Source::Panel(b),
        };
        let steps = match b {
            Source::InPlace(_) if tiles.count > FEW => {
                steps.min(BLOCK / size_of::<T>() / n).max(LEAST)
            }
            Source::InPlace(_) if depth * n * size_of::<T>() > HUGE => BAND / size_of::<T>(),
            _ => steps,
        };
        let steps = evenly(depth, steps);
        let columns = match b {
            Source::Packed(_) if tiles.count == 1 => n,
            Source::Packed(_) | Source::Group(_) => {
                (BLOCK / size_of::<T>() / steps / width).max(1) * width
            }
            Source::InPlace(_) | Source::Panel(_) => n,
        };
        // A tile goes on to the next panel at hand: that costs less than to begin with another, and rows of `C` come in
        // their order.
        let strip = if matches!(b, Source::Panel(_)) { width } else { columns };
        // Where all columns are at hand at once, no tile is needed again, and those of one group are room enough.
        let again = columns < n;
        let (slab, kept) = if again {
            let slab = evenly(tiles.count, (SLAB / highest).max(group));
            (slab, slab)
        } else {
            (tiles.count, group)
        };
        let a_room = a_room.room(match left {
            Some(_) => 0,
            None => tiles.rows.min(kept * highest) * steps + SLACK,
        });
        let b_room = b_room.room(match b {
            Source::Packed(_) => 0,
            Source::Group(_) => steps * columns.min(n.next_multiple_of(width)) + SLACK,
            Source::InPlace(_) | Source::Panel(_) => steps * width + SLACK,
        });

        let slabs = cut(0..depth, steps)
            .flat_map(|k| cut(0..tiles.count, slab).map(move |t| (k.clone(), t)));
        let blocks = slabs.flat_map(|slab| cut(0..n, columns).map(move |j| (slab.clone(), j)));
        for ((k, slab), wide) in blocks {
            if let Source::Group(b) = b {
                pack(simd, part(b, k.clone(), wide.clone()), width, b_room);
            }
            let first = tiles.at(slab.start).start;
            for t in cut(slab.clone(), group) {
                let rows = tiles.rows(t.clone());
                let packed = if again { (rows.start - first) * k.len() } else { 0 };
                if left.is_none() && wide.start == 0 {
                    let a = part(a, 0..a.rows, k.clone());
                    pack_tiles(simd, a, tiles, t.clone(), &mut a_room[packed..]);
                }
                for j in cut(wide.clone(), strip) {
                    let (full, rest) = (j.len() / width, j.len() % width);
                    let odd = rest != 0 && rest != T::lanes::<S>();
                    match b {
                        Source::Panel(b) => {
                            pack(simd, part(b, k.clone(), j.clone()), width, b_room);
                        }
                        Source::InPlace(b) if odd => {
                            pack(simd, part(b, k.clone(), j.end - rest..j.end), width, b_room);
                        }
                        _ => {}
                    }
                    // Where the steps of this group are found, for this strip.
                    let panels = match b {
                        Source::Packed(data) => {
                            let data = &data[j.start * depth + k.start * width..];
                            Panels { data, row: width, panel: depth * width }
                        }
                        Source::Group(_) => {
                            let data = &b_room[(j.start - wide.start) * k.len()..];
                            Panels { data, row: width, panel: k.len() * width }
                        }
                        Source::Panel(_) => Panels { data: b_room, row: width, panel: 0 },
                        Source::InPlace(b) => {
                            let data = &b.data[k.start * b.row_stride + j.start..];
                            Panels { data, row: b.row_stride, panel: width }
                        }
                    };
                    let tail = match b {
                        _ if rest == 0 => Panels { data: &[], ..panels },
                        Source::InPlace(_) if odd => Panels { data: b_room, row: width, panel: 0 },
                        _ => panels.skip(full),
                    };
                    // Of a `B` that was packed beforehand, the next strip, or the first one of the next steps.
                    let next = match b {
                        Source::Packed(data) if columns < n => {
                            let last = j.end == n;
                            let (j, k) = if last { (0, k.end) } else { (j.end, k.start) };
                            data.get(j * depth + k * width..)
                        }
                        _ => None,
                    };
                    for tile in t.clone() {
                        let r = tiles.at(tile);
                        let a = match left {
                            Some(Left::Rows { data, row }) => {
                                Left::Rows { data: &data[r.start * row + k.start..], row }
                            }
                            Some(Left::Steps { data, step }) => {
                                Left::Steps { data: &data[k.start * step + r.start..], step }
                            }
                            None => {
                                let at = packed + (r.start - rows.start) * k.len();
                                Left::Steps { data: &a_room[at..], step: r.len() }
                            }
                        };
                        let height = r.len();
                        let rows = Rows {
                            a,
                            depth: k.len(),
                            b: panels,
                            tail,
                            c: &mut c[r.start * stride + j.start..],
                            stride,
                            width: j.len(),
                            add: add || k.start > 0,
                            from: from.map(|from| from.skip(r.start, j.start)),
                            ahead: next.and_then(|data| {
                                let at = (tile - slab.start, slab.len());
                                Ahead::share(Panels { data, ..panels }, k.len(), at, depth * n)
                            }),
                            soon: &mut *soon,
                        };
                        rows.multiply(simd, height);
                    }
                }
            }
        }
    }
}
