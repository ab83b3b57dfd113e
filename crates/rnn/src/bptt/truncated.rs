//! Truncated backpropagation through time: cut the past, then sweep.

use super::Truncation;
use crate::{Bound, Cell, Error, Readout, Result, Sequence, State, error::or_panic, state};
use ndarray::ArrayD;
use std::{collections::VecDeque, ops::Range};
use tape::{Gradients, Mark, Real, Tape, Var};

/// A recurrence in the course of being unrolled onto a tape, block by block, with a sweep after each.
///
/// The tape holds no more steps than a sweep needs; older ones are cut off. What is carried over the cut is the
/// state, as plain values: that *is* the truncation.
///
/// ```
/// use rnn::{Elman, Input, ParamStore, Readout, bptt::{Truncation, Unrolling, Window}, init::Uniform};
/// use tape::Tape;
/// # use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut store = ParamStore::<f64>::new();
/// let cell = Elman::new(&mut store, "rnn", (2, 8), &Uniform::recurrent(8), &mut rng)?;
/// let tape = Tape::new();
/// let window = Truncation::Window(Window::new(5, 5)?);
/// let mut run = Unrolling::new(&tape, &cell, window, cell_zeros(&cell, &tape));
/// for _ in 0..3 {
///     let p = store.bind(&tape);
///     let xs = tape.constant(ndarray::Array3::from_elem((5, 1, 2), 0.1));
///     let block = run.advance(p, Input::Dense(xs));
///     let gradients = run.backward(block.outputs.square().sum())?;
///     assert!(gradients[cell.u].iter().any(|&g| g != 0.0));
/// }
/// # use rnn::Cell;
/// # fn cell_zeros<'t>(cell: &Elman<f64>, tape: &'t Tape<f64>) -> tape::Var<'t, f64> { cell.zeros(tape, 1) }
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug)]
pub struct Unrolling<'t, 'c, T: Real, C: Cell<T>> {
    tape: &'t Tape<T>,
    cell: &'c C,
    truncation: Truncation,
    readout: Readout,
    /// Sweep and let go at the end of each block, when a sweep never goes back further than its block.
    pub(super) by_block: bool,
    state: C::State<'t>,
    /// Where each step begins that the tape still holds.
    steps: VecDeque<Mark<'t, T>>,
    /// How many steps have been made.
    time: usize,
    outputs: Vec<Var<'t, T>>,
}

/// Steps that have been recorded together.
#[derive(Debug, Clone)]
pub struct Block<'t, T: Real> {
    /// What the readout reads, `[n, B, H]`.
    pub outputs: Var<'t, T>,
    /// The steps they belong to, counted from the beginning of the run. With [`Window::gaps`](super::Window::gaps)
    /// these are the last steps of the block only: those whose losses are swept from.
    pub steps: Range<usize>,
}

impl<'t, 'c, T: Real, C: Cell<T>> Unrolling<'t, 'c, T, C> {
    /// A run from the state `start`, which may be constants, leaves or parameters.
    pub fn new(
        tape: &'t Tape<T>,
        cell: &'c C,
        truncation: Truncation,
        start: C::State<'t>,
    ) -> Self {
        let by_block = match truncation {
            Truncation::Full => true,
            Truncation::Window(window) => window.k1() == window.k2() && !window.has_gaps(),
        };
        let readout = Readout::After;
        let (steps, outputs) = (VecDeque::new(), Vec::new());
        Self { tape, cell, truncation, readout, by_block, state: start, steps, time: 0, outputs }
    }

    /// The same run with outputs read before or after each step. After, if nothing is said.
    #[must_use]
    pub fn with_readout(mut self, readout: Readout) -> Self {
        self.readout = readout;
        self
    }

    /// The state after the last step.
    pub fn state(&self) -> C::State<'t> {
        self.state
    }

    /// Copies of the state's parts, to be stored, or to start from again.
    pub fn state_values(&self) -> Vec<ArrayD<T>> {
        let mut parts = Vec::new();
        let _ = self.state.map(&mut |part| {
            parts.push(part.value());
            part
        });
        parts
    }

    /// Replaces the state: at the beginning of another sequence, say.
    pub fn set_state(&mut self, state: C::State<'t>) {
        self.state = state;
    }

    /// How many steps have been made.
    pub fn time(&self) -> usize {
        self.time
    }

    /// Zeros in the rows of the state where `mask [B]` holds: another sequence begins there. No gradient flows back over
    /// it.
    ///
    /// # Panics
    /// When the mask is not of one flag for each row.
    #[track_caller]
    pub fn reset_rows(&mut self, mask: &[bool]) {
        self.state = self.state.reset_rows(mask);
    }

    /// No gradient flows back from here in the rows where `mask [B]` holds; values stay.
    ///
    /// # Panics
    /// When the mask is not of one flag for each row.
    #[track_caller]
    pub fn detach_rows(&mut self, mask: &[bool]) {
        self.state = self.state.detach_rows(mask);
    }

    /// Records one step for each of the inputs `[n, B, X]`. The clock of `p` is set to the step.
    ///
    /// # Panics
    /// At the caller's line, with the text of the error that [`try_advance`](Unrolling::try_advance) returns, or when the
    /// inputs do not fit the cell.
    #[track_caller]
    pub fn advance<'d>(
        &mut self,
        p: Bound<'t, '_, T>,
        xs: impl Into<Sequence<'t, 'd, T>>,
    ) -> Block<'t, T> {
        or_panic(self.try_advance(p, xs))
    }

    /// [`advance`](Unrolling::advance), or the reason why not. Nothing is recorded then.
    ///
    /// # Errors
    /// When the state is of another cell or another number of rows, when the sequence is read from its end, or when there
    /// are more steps than a sweep goes back and no [`gaps`](super::Window::gaps) were asked for.
    #[track_caller]
    pub fn try_advance<'d>(
        &mut self,
        p: Bound<'t, '_, T>,
        xs: impl Into<Sequence<'t, 'd, T>>,
    ) -> Result<Block<'t, T>> {
        let xs = xs.into();
        let (n, reach) = (xs.steps(), self.truncation.reach());
        self.check(&xs)?;
        self.outputs.clear();
        let before = self.state;
        let p = p.at(self.time);
        if self.by_block {
            self.steps.push_back(self.tape.mark());
            self.state = self.cell.run(p, &xs, before, &mut self.outputs);
        } else {
            for t in 0..n {
                // Projected step by step: a cut must not fall between a step and the product that its input was part of.
                self.steps.push_back(self.tape.mark());
                self.state = self.cell.run(
                    p.at(self.time + t),
                    &xs.window(t..t + 1),
                    self.state,
                    &mut self.outputs,
                );
            }
        }
        if self.readout == Readout::Before && n > 0 {
            self.outputs.rotate_right(1);
            self.outputs[0] = before.output();
        }
        self.time += n;
        let swept = n.min(reach);
        // Stacked before the cut: a state from just before the window may be read, but not followed.
        let outputs = xs.window(n - swept..n).stack(
            self.tape,
            &self.outputs[n - swept..],
            self.cell.output_width(),
        );
        self.forget();
        Ok(Block { outputs, steps: self.time - swept..self.time })
    }

    /// May the run go on with these inputs?
    fn check(&self, xs: &Sequence<'t, '_, T>) -> Result<()> {
        let (n, reach) = (xs.steps(), self.truncation.reach());
        let gaps = matches!(self.truncation, Truncation::Window(window) if window.has_gaps());
        if n > reach && !gaps {
            return Err(Error::Data {
                what: format!("a block of {n} steps, of which a sweep reaches {reach}"),
                rule: "the others would never get a gradient".into(),
                remedy: "advance by k1 steps at a time, or ask for the gaps with `Window::gaps`",
            });
        }
        if xs.is_reversed() {
            return Err(Error::Data {
                what: "a block of a sequence that is read from its end".into(),
                rule: "windows follow each other forwards in time".into(),
                remedy: "run it as a whole (`Cell::run`), or reverse the data",
            });
        }
        state::check(&self.state.parts(), &self.cell.widths(), xs.batch())
    }

    /// Cuts off the steps that no sweep from here on goes back to.
    fn forget(&mut self) {
        let past = self.steps.len().saturating_sub(self.truncation.reach());
        if self.by_block || past == 0 {
            return; // what the first state was made of is still within reach
        }
        self.steps.drain(..past);
        if let Some(&first) = self.steps.front() {
            // Where all rows have ended, the state is older than the steps: no sweep reaches it.
            let reached = |part: Var<'t, T>| part.id() >= first.id();
            self.state =
                self.state.map(&mut |part| if reached(part) { part } else { part.detach() });
            self.tape.cut(first);
        }
    }

    /// Sweeps from `loss`, a function of the last block's outputs, as far back as the truncation lets it, and lets
    /// go of what is not needed any more.
    ///
    /// # Errors
    /// When `loss` is not one number, or not of this tape.
    pub fn backward(&mut self, loss: Var<'t, T>) -> Result<Gradients<T>> {
        let gradients = self.tape.try_backward(loss)?;
        self.carry();
        Ok(gradients)
    }

    /// Lets go of what is not needed any more without a sweep: for validation.
    pub fn carry(&mut self) {
        if self.by_block {
            let now = self.tape.mark();
            self.state = self.state.map(&mut |part| part.detach());
            self.tape.cut(now);
            self.tape.unbind();
            self.steps.clear();
        }
    }
}
