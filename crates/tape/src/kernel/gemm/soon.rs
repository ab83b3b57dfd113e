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
/// Stretches of memory, at most.
const STRETCHES: usize = 4;

/// Some stretches of memory, in the order in which they are wanted. Addresses and no more: nothing is borrowed, for nothing
/// is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Soon {
    stretches: [Stretch; STRETCHES],
    count: usize,
    /// Those that have been asked for as a whole.
    done: usize,
}

/// What is left to ask for of one of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    next: usize,
    end: usize,
}

impl Soon {
    /// All of some memory, unless it is too much.
    pub(crate) fn of<T>(memory: Range<*const T>) -> Self {
        let mut soon = Self::default();
        soon.then(memory);
        soon
    }

    /// And then that, unless it is too much or the last of too many.
    pub(crate) fn then<T>(&mut self, memory: Range<*const T>) {
        let (next, end) = (memory.start.addr() / LINE * LINE, memory.end.addr());
        let worth = !memory.is_empty() && end.saturating_sub(next) <= MOST;
        if self.count < STRETCHES && worth {
            self.stretches[self.count] = Stretch { next, end };
            self.count += 1;
        }
    }

    /// The next so many lines of it, or fewer where a stretch ends.
    #[inline(always)]
    pub(super) fn take(&mut self, lines: usize) -> Stretch {
        let Some(stretch) = self.stretches[..self.count].get_mut(self.done) else {
            return Stretch::default();
        };
        let (next, end) = (stretch.next, stretch.end.min(stretch.next + lines * LINE));
        stretch.next = end;
        self.done += usize::from(end == stretch.end);
        Stretch { next, end }
    }
}

impl Stretch {
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
    let data = vec![0.0_f32; 3000];
    let memory = [3..900, 2000..2001, 1000..1800].map(|part| data[part].as_ptr_range());
    let mut soon = Soon::default();
    memory.clone().into_iter().for_each(|memory| soon.then(memory));
    let mut asked = Vec::new();
    for turns in [0, 1, 7, 20, 1000, 3, 3, 1000, 3] {
        let (Stretch { next, end }, before) = (soon.take(turns), asked.len());
        asked.extend((next..end).step_by(LINE));
        assert!(asked.len() - before <= turns);
    }
    let lines = memory.into_iter().flat_map(|memory| {
        let first = memory.start.addr() / LINE * LINE;
        (first..memory.end.addr()).step_by(LINE)
    });
    assert_eq!(asked, lines.collect::<Vec<_>>());
    let start = data.as_ptr();
    let many = start..start.wrapping_add(MOST);
    assert_eq!(Soon::of(many), Soon::default(), "so much would turn out what is multiplied");
    assert_eq!(Soon::of(start..start), Soon::default(), "there is nothing to ask for");
}
