//! A tape that grows from window to window, and a tape that is strict about it.
//!
//! ```text
//! n₁ < n₂ < … < n₆    nodes on the tape at the end of six windows in a row
//! ```
//!
//! A window lasts from one [`cut`](Tape::cut) or [`clear`](Tape::clear) to the next. In a loop that lets go of
//! its past the sizes repeat; where some state still holds on to it they rise without end.

use crate::{Real, Tape};
use std::fmt;

/// So many sizes are remembered.
const SIZES: usize = 6;

/// The sizes of the last windows.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    sizes: [usize; SIZES],
    /// How many of them, the last ones, are rising.
    rising: usize,
    /// The first serial number after the last window.
    end: u64,
}

impl Windows {
    /// A window of `size` nodes ends before serial number `end`. One in which nothing was recorded is none.
    pub(crate) fn close(&mut self, size: usize, end: u64) {
        if end == self.end {
            return;
        }
        self.end = end;
        if size <= self.sizes[SIZES - 1] {
            self.rising = 0;
        }
        self.rising = SIZES.min(self.rising + 1);
        self.sizes.rotate_left(1);
        self.sizes[SIZES - 1] = size;
    }

    pub(crate) fn growth(&self) -> Option<Growth> {
        (self.rising == SIZES).then_some(Growth { sizes: self.sizes })
    }
}

/// A tape that has grown in every one of its last windows: see [`Tape::growth`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// How many nodes were on the tape at the end of each window, oldest first.
    pub sizes: [usize; SIZES],
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.sizes[0], self.sizes[SIZES - 1]);
        write!(
            f,
            "the tape has grown in {} windows in a row, from {first} nodes to {last}: if the windows are not longer \
             themselves, a state carries its past along; `detach` it where a window begins, or cut at a \
             mark that moves on",
            SIZES - 1
        )
    }
}

impl<T: Real> Tape<T> {
    /// A warning when the tape has been larger at the end of each of the last windows than at that of the one
    /// before; a window lasts from one cut or [`clear`](Tape::clear) to the next.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let start = tape.mark(); // taken once: no cut will ever release anything
    /// let mut h = tape.leaf(0.5);
    /// for _ in 0..6 {
    ///     h = h.tanh();
    ///     tape.cut(start);
    /// }
    /// let warning = tape.growth().unwrap().to_string();
    /// assert!(warning.starts_with("the tape has grown in 5 windows in a row, from 2 nodes to 7:"));
    /// ```
    pub fn growth(&self) -> Option<Growth> {
        self.record.borrow().windows.growth()
    }

    /// An empty tape that is [strict](Tape::set_strict), for tests.
    #[track_caller]
    pub fn strict() -> Self {
        let tape = Self::new();
        tape.set_strict(true);
        tape
    }

    /// A strict tape panics, at the line of the program that did it, when a value that is not finite is recorded
    /// (the node stays on the tape, to be looked at) and when a cut or a clear finds it [grown](Tape::growth).
    pub fn set_strict(&self, strict: bool) {
        self.record.borrow_mut().strict = strict;
    }

    /// A window ends here.
    #[track_caller]
    pub(crate) fn close_window(&self) {
        let mut record = self.record.borrow_mut();
        let (size, end) = (record.population(), record.nodes.end());
        record.windows.close(size, end);
        let growth = record.windows.growth().filter(|_| record.strict);
        drop(record);
        if let Some(growth) = growth {
            panic!("strict tape: {growth}");
        }
    }

    /// Of a strict tape: node `id` has just been recorded.
    #[cold]
    #[track_caller]
    pub(crate) fn insist_finite(&self, id: u64) {
        let culprit = self.record.borrow().non_finite(id);
        if let Some(culprit) = culprit {
            panic!("strict tape: {culprit}");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// What `act` says when it panics.
    fn panic_of(act: impl FnOnce()) -> String {
        *catch_unwind(AssertUnwindSafe(act)).unwrap_err().downcast::<String>().unwrap()
    }

    fn grow(tape: &Tape<f64>, windows: usize) {
        let start = tape.mark();
        let mut h = tape.leaf(0.5);
        for _ in 0..windows {
            h = h.tanh();
            tape.cut(start);
        }
    }

    #[test]
    fn a_state_that_is_never_let_go_is_reported_after_five_windows() {
        let tape = Tape::new();
        grow(&tape, 5);
        assert_eq!(tape.growth(), None);
        let tape = Tape::new();
        grow(&tape, 6);
        let growth = tape.growth().unwrap();
        assert_eq!(growth.sizes, [2, 3, 4, 5, 6, 7]);
        assert_eq!(
            growth.to_string(),
            "the tape has grown in 5 windows in a row, from 2 nodes to 7: if the windows are not longer \
             themselves, a state carries its past along; `detach` it where a window begins, or cut at a mark that \
             moves on"
        );
    }

    #[test]
    fn windows_that_are_cut_or_cleared_do_not_grow() {
        let mut tape = Tape::strict();
        let mut h = tape.leaf(0.5);
        for _ in 0..20 {
            let mark = tape.mark();
            h = h.tanh().tanh();
            tape.cut(mark);
        }
        for _ in 0..20 {
            tape.clear();
            let _ = tape.leaf(1.0).exp();
        }
        assert_eq!(tape.growth(), None);
    }

    #[test]
    fn one_smaller_window_ends_the_growth() {
        let mut tape = Tape::<f64>::new();
        for size in [1, 2, 3, 4, 5, 6, 3, 4, 5, 6, 7] {
            for _ in 0..size {
                let _ = tape.leaf(1.0);
            }
            tape.clear();
            assert_eq!(
                tape.growth().is_some(),
                size == 6 && tape.record.get_mut().windows.sizes[0] == 1
            );
        }
    }

    #[test]
    fn a_strict_tape_refuses_to_grow() {
        let text = panic_of(|| grow(&Tape::strict(), 6));
        assert!(text.starts_with("strict tape: the tape has grown in 5 windows in a row, from 2"));
    }

    #[test]
    fn a_strict_tape_refuses_what_is_not_finite_and_keeps_it_to_be_looked_at() {
        let tape = Tape::<f64>::strict();
        let x = tape.leaf([1.0, 0.0]).label("x");
        let line = line!() + 2;
        let text = panic_of(|| {
            let _ = x.ln();
        });
        assert!(text.starts_with("strict tape: forward: Ln (node 1, recorded at "), "{text}");
        assert!(text.contains(&format!("growth.rs:{line}:")), "{text}");
        assert!(text.ends_with("input 0, leaf (node 0, `x`): in [0, 1]"), "{text}");
        assert_eq!(tape.len(), 2);
        let text = panic_of(|| {
            let _ = tape.constant(f64::NAN);
        });
        assert!(text.starts_with("strict tape: forward: constant (node 2, recorded at "), "{text}");
        tape.set_strict(false);
        let _ = x.ln();
    }
}
