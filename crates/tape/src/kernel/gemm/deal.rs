//! Dealing out: rows to tiles, tiles to slabs, steps to groups.

use std::ops::Range;

/// Rows dealt out evenly: 20 rows are two tiles of 10 rather than one of 12 and a small one
/// that keeps the machine half idle.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    pub(super) rows: usize,
    pub(super) count: usize,
}

impl Tiles {
    #[inline(always)]
    pub(super) fn rows(self, tiles: Range<usize>) -> Range<usize> {
        let start = |tile| tile * self.rows / self.count;
        start(tiles.start)..start(tiles.end)
    }
    #[inline(always)]
    pub(super) fn at(self, tile: usize) -> Range<usize> {
        self.rows(tile..tile + 1)
    }
}

/// The ranges of `step` numbers, the last maybe fewer, that make up `range`.
#[inline(always)]
pub(super) fn cut(range: Range<usize>, step: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(step).map(move |start| start..end.min(start + step))
}

/// How many of `count` things go together, if at most `most` do and none are left for a small group of their own.
#[inline(always)]
pub(super) fn evenly(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most))
}

#[test]
fn no_group_is_left_much_smaller_than_the_others() {
    for (count, most) in [(1600, 512), (513, 512), (512, 512), (1, 512), (86, 85), (7, 3)] {
        let groups = cut(0..count, evenly(count, most));
        let sizes: Vec<_> = groups.map(|group| group.len()).collect();
        let least = sizes.iter().min().unwrap();
        assert!(sizes.iter().all(|size| *size <= most), "{sizes:?}");
        assert!(sizes.iter().all(|size| size - least < sizes.len()), "{sizes:?}");
        assert_eq!(sizes.len(), count.div_ceil(most), "as few groups as can be");
    }
}
