//! How far back, and how often.

use crate::{Error, Result};

/// How far adjoints travel back in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// All the way: one sweep over the whole sequence.
    Full,
    /// A window that moves along the sequence.
    Window(Window),
}

/// TBPTT(k1, k2), which is BPTT(h; h′) with `h′ = k1`, `h = k2` (Williams & Peng, 1990): every `k1` steps a sweep
/// starts from the losses of those `k1` steps and goes back `k2`.
///
/// So each loss counts once, and a loss reaches back at least `k2 − k1 + 1` steps and at most `k2`, its own step
/// counted.
///
/// | case | what happens |
/// |---|---|
/// | `k2 ≥ T` | the gradient of full BPTT, for any `k1`, once the sweeps are added up |
/// | `k1 = k2 = T` | full BPTT, bit for bit |
/// | `k1 = k2 = 1` | no gradient through time: the direct part only |
/// | `k2 < k1` | an error, or with [`gaps`](Window::gaps) losses that are never swept from |
/// | `T` no multiple of `k1` | the rest is one more, shorter block ([`flush`](Window::flush), on by default) that goes back `k2` steps like any other; without it the last losses are lost |
/// | `T < k1` | one such block |
/// | an initial state that is learned | gets a gradient from the sweeps that reach it |
/// | the readout | has the same gradient whatever the window, since every loss counts once |
/// | parameters written between two sweeps | a step keeps the parameters it was recorded with: the sweep is exact for what was computed, mixed weights and all (Williams & Peng's way); to update once per sequence instead, [`accumulate`](tape::Gradients::accumulate) |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    k1: usize,
    k2: usize,
    flush: bool,
    gaps: bool,
}

impl Window {
    /// A sweep every `k1` steps that goes back `k2`.
    ///
    /// # Errors
    /// `k1 = 0`; or `k2 < k1`, which would leave steps without any gradient: see [`gaps`](Window::gaps).
    pub fn new(k1: usize, k2: usize) -> Result<Self> {
        let error = |rule, remedy| Err(Error::Window { k1, k2, rule, remedy });
        if k1 == 0 {
            return error("a window that never moves never sweeps", "let k1 be 1 or more");
        }
        if k2 == 0 {
            return error("a sweep over no steps has no gradient", "let k2 be k1 or more");
        }
        if k2 < k1 {
            return error(
                "the first k1 − k2 steps of every block would never get a gradient, nor would their readout",
                "let k2 be k1 or more, or ask for the gaps with `Window::gaps`",
            );
        }
        Ok(Self { k1, k2, flush: true, gaps: false })
    }

    /// [`new`](Window::new), with `k2 < k1` allowed: of every `k1` losses only the last `k2` are swept from.
    ///
    /// # Errors
    /// `k1 = 0` or `k2 = 0`.
    pub fn gaps(k1: usize, k2: usize) -> Result<Self> {
        let window = Self::new(k1, k1.max(k2).max(1))?;
        if k2 == 0 {
            Self::new(k1, k2)?;
        }
        Ok(Self { k2, gaps: true, ..window })
    }

    /// With or without a last, shorter block where `k1` does not divide the sequence. On by default.
    #[must_use]
    pub fn flush(self, flush: bool) -> Self {
        Self { flush, ..self }
    }

    /// Steps from one sweep to the next.
    pub fn k1(self) -> usize {
        self.k1
    }

    /// Steps that a sweep goes back.
    pub fn k2(self) -> usize {
        self.k2
    }

    /// Is a last, shorter block swept?
    pub fn flushes(self) -> bool {
        self.flush
    }

    /// May there be steps without any gradient?
    pub fn has_gaps(self) -> bool {
        self.gaps
    }
}

impl Truncation {
    /// The blocks of a sequence of `steps` steps that end with a sweep, by their lengths.
    pub fn blocks(self, steps: usize) -> impl Iterator<Item = usize> {
        let (block, flush) = match self {
            Self::Full => (steps.max(1), true),
            Self::Window(window) => (window.k1, window.flush),
        };
        let rest = if flush { steps % block } else { 0 };
        std::iter::repeat_n(block, steps / block).chain((rest > 0).then_some(rest))
    }

    /// How many steps before its own end a sweep goes back.
    pub(crate) fn reach(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Window(window) => window.k2,
        }
    }
}
