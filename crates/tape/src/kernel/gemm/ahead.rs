//! Asking for memory before it is read.
//!
//! A block of panels is read by one row of tiles after the other, and the first of them finds it where it was left: in a far
//! cache, or in memory. It need not wait there. While the block before is multiplied, each row of tiles asks for its share
//! of the next one, and goes on.

use super::{LINE, micro::Panels};
use pulp::Simd;

/// Bytes of `B` that stay near from one product to the next, and need not be asked for.
const NEAR: usize = 1 << 20;

/// The panels that are read next, and the steps of them that one row of tiles asks for.
#[derive(Clone, Copy)]
pub(super) struct Ahead<'a, T> {
    next: Panels<'a, T>,
    first: usize,
    steps: usize,
}

impl<'a, T> Ahead<'a, T> {
    /// The share of row `i` of `rows` rows of tiles in panels of `steps` steps, if all of `B` is `size` numbers.
    #[inline(always)]
    pub(super) fn share(
        next: Panels<'a, T>,
        steps: usize,
        (i, rows): (usize, usize),
        size: usize,
    ) -> Option<Self> {
        let share = steps.div_ceil(rows);
        let far = size * size_of::<T>() > NEAR;
        far.then_some(Self { next, first: i * share, steps: share })
    }

    /// What to ask for while panel `p` of this block is multiplied.
    #[inline(always)]
    pub(super) fn panel(self, p: usize) -> &'a [T] {
        let Panels { data, row, panel } = self.next;
        let share = data.get(p * panel + self.first * row..).unwrap_or_default();
        &share[..share.len().min(self.steps * row)]
    }
}

/// The lines of the cache that some memory fills, dealt out over the turns of a loop.
pub(super) struct Lines<'a, T> {
    memory: &'a [T],
    each: usize,
}

impl<'a, T> Lines<'a, T> {
    const LEN: usize = LINE / size_of::<T>();

    #[inline(always)]
    pub(super) fn over(memory: &'a [T], turns: usize) -> Self {
        Self { memory, each: memory.len().div_ceil(Self::LEN).div_ceil(turns.max(1)) }
    }

    /// Asks for the lines of one turn: to be brought to the second-level cache, in which there is room for them.
    #[inline(always)]
    pub(super) fn ask<S: Simd>(&self, simd: S, turn: usize) {
        for line in turn * self.each..(turn + 1) * self.each {
            if let Some(number) = self.memory.get(line * Self::LEN) {
                ask(simd, std::ptr::from_ref(number).cast());
            }
        }
    }
}

/// Asks for the line at `place`.
#[inline(always)]
pub(super) fn ask<S: Simd>(simd: S, place: *const i8) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = super::x86::token(simd) {
        simd.sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(place);
    }
    let _ = (simd, place);
}

#[test]
fn all_rows_of_tiles_together_ask_for_every_number_of_the_panels_that_come_next() {
    let data: Vec<f32> = (0..3 * 70).map(|i| i as f32).collect();
    let next = Panels { data: &data, row: 10, panel: 70 };
    for rows in [1, 2, 3, 5, 7, 12] {
        for p in 0..3 {
            let shares = (0..rows).filter_map(|i| Ahead::share(next, 7, (i, rows), NEAR));
            let mut asked: Vec<f32> = shares.flat_map(|share| share.panel(p)).copied().collect();
            asked.truncate(70);
            assert_eq!(asked, data[p * 70..][..70], "{rows} rows, panel {p}");
        }
        assert!(Ahead::share(next, 7, (0, rows), 210).is_none(), "what is near is not asked for");
    }
}
