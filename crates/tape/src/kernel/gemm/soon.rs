//! Memory that is wanted when the product has been made.
//!
//! A product multiplies, and the memory has little to do meanwhile. What comes next may be elementwise: it multiplies little and
//! waits for memory that has left every cache since it was written, or that has never been written yet. So whoever knows
//! what comes next says so, and the product asks for it, a line of the cache at a time.

use super::LINE;
use pulp::Simd;
use std::ops::Range;

/// Bytes that are worth asking for. More would turn out what the product itself reads.
const MOST: usize = 1 << 20;

/// Addresses and no more: nothing is borrowed, for nothing is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Soon {
    next: usize,
    end: usize,
}

impl Soon {
    /// All of some memory, unless it is too much.
    pub(crate) fn of<T>(memory: Range<*const T>) -> Self {
        let (next, end) = (memory.start.addr() / LINE * LINE, memory.end.addr());
        if end.saturating_sub(next) > MOST { Self::default() } else { Self { next, end } }
    }

    /// The next so many lines of it.
    #[inline(always)]
    pub(super) fn take(&mut self, lines: usize) -> Self {
        let (next, end) = (self.next, self.end.min(self.next + lines * LINE));
        self.next = end;
        Self { next, end }
    }

    /// Asks for one line: to be brought to the second-level cache, in which there is room for it.
    #[inline(always)]
    pub(super) fn ask<S: Simd>(&mut self, simd: S) {
        if self.next < self.end {
            super::ahead::ask(simd, std::ptr::without_provenance(self.next));
            self.next += LINE;
        }
    }
}

#[test]
fn each_line_of_what_is_wanted_is_asked_for_once_and_none_behind_it() {
    let data = vec![0.0_f32; 1000];
    let memory = data[3..900].as_ptr_range();
    let mut soon = Soon::of(memory.clone());
    let mut asked = Vec::new();
    for turns in [0, 1, 7, 20, 1000, 3] {
        let (Soon { next, end }, before) = (soon.take(turns), asked.len());
        asked.extend((next..end).step_by(LINE));
        assert!(asked.len() - before <= turns);
    }
    let first = memory.start.addr() / LINE * LINE;
    assert_eq!(asked, (first..memory.end.addr()).step_by(LINE).collect::<Vec<_>>());
    let many = memory.start..memory.start.wrapping_add(MOST);
    assert_eq!(Soon::of(many).take(1).end, 0, "so much would turn out what is multiplied");
}
