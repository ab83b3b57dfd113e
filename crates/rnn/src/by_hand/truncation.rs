//! Windows on the past: where a backward recursion starts and where it is cut.
//!
//! Truncated BPTT runs forward once, and after every k₁ steps runs backward through the last
//! k₂ of them, sending in the errors of the k₁ new steps only; so each loss counts once.
//! This is BPTT(h; h′) of Williams and Peng (1990) with h = k₂, h′ = k₁.
//!
//! ```text
//!  k₁ = 2, k₂ = 4, T = 7                 ● error sent in    ○ passed through
//!
//!  after t = 2    ● ●
//!  after t = 4    ○ ○ ● ●
//!  after t = 6        ○ ○ ● ●
//!  after t = 7              ○ ○ ○ ●      the flush: what k₁ leaves over
//!            t    1 2 3 4 5 6 7
//! ```

/// Which losses a window sends back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// Those of the steps since the last window: each loss counts once.
    New,
    /// Those of every step in the window: a loss counts about k₂/k₁ times. A common mistake,
    /// kept to be measured.
    All,
}

/// TBPTT(k₁, k₂): every k₁ steps, k₂ steps back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// k₁ ≥ 1: steps from one backward pass to the next.
    pub every: usize,
    /// k₂ ≥ 1: steps a backward pass goes through. When k₂ < k₁ the steps t − k₁ + 1 … t − k₂
    /// are reached by no window, and neither is their readout: a witness computes this too.
    pub reach: usize,
    /// Which losses the window sends back.
    pub injected: Injected,
    /// Whether a last, shorter block gets a backward pass of its own when T is no multiple of
    /// k₁. Without it the losses of the T mod k₁ last steps are lost.
    pub flush: bool,
}

impl Window {
    /// TBPTT(k₁, k₂) with each loss sent in once and the remainder flushed.
    pub fn new(every: usize, reach: usize) -> Self {
        Self { every, reach, injected: Injected::New, flush: true }
    }
}

/// How far back the errors are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// To the initial state: the gradient itself.
    Full,
    /// Through windows of fixed length.
    Fixed(Window),
    /// To the start of the block a step stands in, blocks of k ≥ 1 steps laid end to end: what
    /// carrying the state over and detaching it there does. It is TBPTT(k, k) but for the
    /// remainder: the flush of a window reaches k steps back, into the block before, while a
    /// last, shorter block ends at its own start.
    Blocks(usize),
}

/// One backward pass: from state `last` down to state `first`, sending in the losses of the
/// steps after `quiet`. Steps count from 1, states from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// The step the pass starts from.
    pub last: usize,
    /// The state at which it ends, a constant unless it is h₀.
    pub first: usize,
    /// The last step whose loss is left out.
    pub quiet: usize,
}

impl Truncation {
    /// The backward passes made over a sequence of `length` steps, in the order of time.
    ///
    /// # Panics
    /// If k₁, k₂ or k is zero.
    pub fn passes(&self, length: usize) -> Vec<Pass> {
        match self {
            Self::Full => vec![Pass { last: length, first: 0, quiet: 0 }],
            Self::Fixed(window) => window.passes(length),
            Self::Blocks(k) => {
                let starts = (0..length).step_by(*k);
                let end = |first| length.min(first + k);
                starts.map(|first| Pass { last: end(first), first, quiet: first }).collect()
            }
        }
    }
}

impl Window {
    fn passes(&self, length: usize) -> Vec<Pass> {
        assert!(self.every > 0 && self.reach > 0, "TBPTT(k₁, k₂) needs k₁ ≥ 1 and k₂ ≥ 1");
        let (mut passes, mut new) = (Vec::new(), 0);
        for t in 1..=length {
            new += 1;
            if t % self.every == 0 || (t == length && self.flush) {
                let first = t.saturating_sub(self.reach);
                let quiet = match self.injected {
                    Injected::New => first.max(t - new),
                    Injected::All => first,
                };
                passes.push(Pass { last: t, first, quiet });
                new = 0;
            }
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_is_what_happens() {
        let passes = Truncation::Fixed(Window::new(2, 4)).passes(7);
        let drawn = [(2, 0, 0), (4, 0, 2), (6, 2, 4), (7, 3, 6)];
        assert_eq!(passes, drawn.map(|(last, first, quiet)| Pass { last, first, quiet }));
    }

    #[test]
    fn without_a_flush_the_remainder_is_lost() {
        let window = Window { flush: false, ..Window::new(3, 3) };
        assert_eq!(Truncation::Fixed(window).passes(7).len(), 2);
        assert_eq!(Truncation::Fixed(window).passes(2), []);
    }

    #[test]
    fn blocks_are_windows_of_their_own_length_but_for_the_remainder() {
        let windows = Truncation::Fixed(Window::new(3, 3));
        assert_eq!(Truncation::Blocks(3).passes(6), windows.passes(6));
        assert_eq!(Truncation::Blocks(3).passes(7)[2], Pass { last: 7, first: 6, quiet: 6 });
        assert_eq!(windows.passes(7)[2], Pass { last: 7, first: 4, quiet: 6 });
    }

    #[test]
    #[should_panic(expected = "k₁ ≥ 1")]
    fn a_window_of_no_step_is_refused() {
        Truncation::Fixed(Window::new(1, 0)).passes(3);
    }
}
