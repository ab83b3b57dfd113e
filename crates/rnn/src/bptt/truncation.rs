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
/// counted. Authors who write TBPTT(k1, k2) (Sutskever, 2013) do not all mean this: [`Losses`] says which losses are
/// swept from, [`Updates`] what becomes of steps that older parameters made.
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
/// | parameters written between two sweeps | [`Updates`]: a step keeps the parameters it was recorded with, unless something else is asked for |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    k1: usize,
    k2: usize,
    flush: bool,
    gaps: bool,
    losses: Losses,
    updates: Updates,
}

/// Which of the losses since the last sweep the next one starts from. With `k1 = 1` the three are the same.
///
/// ```text
/// k1 = 2, k2 = 3, the sweeps at t = 4       ● loss swept from    ○ passed through
///
///  Window      t   2 3 4        Last   2 3 4        Each   2 3 4
///                  ○ ● ●               ○ ○ ●               ○ ○ ●
///                                                        ○ ○ ●      (1 2 3)
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Losses {
    /// All `k1` of them, in one sweep that goes back `k2` steps from the newest (Williams & Peng, 1990). An older one
    /// reaches back less far, at least `k2 − k1 + 1`.
    #[default]
    Window,
    /// The newest only. The others are never swept from.
    Last,
    /// All `k1`, each in a sweep of its own that goes back `k2` steps: the truncated sum of the textbooks, at `k1` times
    /// the price.
    Each,
}

/// What an update leaves of the steps that were made with the parameters as they were. It matters where a sweep goes
/// back behind the last update: `k2 > k1`.
///
/// What none of them does is to put new parameters into a sweep over old values: a tape keeps the parameters that its
/// steps were made with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Updates {
    /// Steps stay as they were made, with the parameters that made them: a sweep is exact for what was computed, mixed
    /// weights and all (Williams & Peng, 1990). Nothing is made twice.
    #[default]
    Stored,
    /// All `k2` steps are made anew with the parameters as they are, from a state that has been stepped on with them
    /// since: every sweep is the gradient at one point. `k2/k1 + 1` steps forward for each step of the sequence. Only
    /// [`Truncation::run`] can do this, for it must ask for inputs again.
    Recompute,
    /// There is one update, after the last sweep, with the sum of all gradients. Then `k2 ≥ T` gives full BPTT.
    /// Only [`Truncation::run`] does it; over an [`Unrolling`](super::Unrolling),
    /// [`accumulate`](tape::Gradients::accumulate).
    Accumulate,
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
        let (losses, updates) = (Losses::default(), Updates::default());
        Ok(Self { k1, k2, flush: true, gaps: false, losses, updates })
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

    /// Swept from these losses. From all of a block at once, if nothing is said.
    #[must_use]
    pub fn losses(self, losses: Losses) -> Self {
        Self { losses, ..self }
    }

    /// With this done about older steps at an update. They stay as they were, if nothing is said.
    #[must_use]
    pub fn updates(self, updates: Updates) -> Self {
        Self { updates, ..self }
    }

    /// Which losses a sweep starts from.
    pub fn injected(self) -> Losses {
        self.losses
    }

    /// What an update does about older steps.
    pub fn semantics(self) -> Updates {
        self.updates
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

    /// The window of one sweep: where each loss has its own, that of a single step.
    pub(crate) fn of_a_sweep(self) -> Self {
        match self {
            Self::Window(window) if window.losses == Losses::Each => {
                Self::Window(Window { k1: 1, ..window })
            }
            other => other,
        }
    }

    /// Does a sweep never go back further than its block?
    pub(crate) fn is_by_block(self) -> bool {
        match self.of_a_sweep() {
            Self::Full => true,
            Self::Window(window) => window.k1 == window.k2 && !window.gaps,
        }
    }

    /// Which losses a sweep starts from.
    pub(crate) fn losses(self) -> Losses {
        match self {
            Self::Full => Losses::Window,
            Self::Window(window) => window.losses,
        }
    }

    /// What an update does about older steps.
    pub(crate) fn updates(self) -> Updates {
        match self {
            Self::Full => Updates::Stored,
            Self::Window(window) => window.updates,
        }
    }

    /// How many steps before its own end a sweep goes back.
    pub(crate) fn reach(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Window(window) => window.k2,
        }
    }
}
