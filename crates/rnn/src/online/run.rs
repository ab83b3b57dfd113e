//! Blocks whose past is an influence matrix.

use super::{Edge, Influence};
use crate::{
    Bound, Cell, Error, Readout, Result, Sequence, State,
    bptt::{Block, Truncation, Unrolling},
    error::or_panic,
};
use ndarray::ArrayD;
use std::fmt;
use tape::{Gradients, Real, Tape, Var};

/// A recurrence that is unrolled block by block, and whose gradients reach over the edges of the blocks.
///
/// It is used like an [`Unrolling`]; only that what it lets go of is not lost. See [`online`](super).
pub struct Online<'t, 'c, T: Real, C: Cell<T>, M> {
    tape: &'t Tape<T>,
    run: Unrolling<'t, 'c, T, C>,
    influence: M,
    edge: Edge<'t, T>,
    /// What stands on the tape for the parameters that have an influence.
    leaves: Vec<Var<'t, T>>,
    /// Where the last edge was, in steps.
    carried: usize,
}

impl<T: Real, C: Cell<T>, M: fmt::Debug> fmt::Debug for Online<'_, '_, T, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Online");
        shown.field("time", &self.run.time()).field("influence", &self.influence);
        shown.finish_non_exhaustive()
    }
}

impl<'t, 'c, T: Real, C: Cell<T>, M: Influence<T>> Online<'t, 'c, T, C, M> {
    /// A run from the state `start`. Where that is made of parameters, they are learned too, in every block.
    pub fn new(tape: &'t Tape<T>, cell: &'c C, influence: M, start: C::State<'t>) -> Self {
        let run = Unrolling::new(tape, cell, Truncation::Full, start);
        Self { tape, run, influence, edge: Edge::new(tape), leaves: Vec::new(), carried: 0 }
    }

    /// The same run with outputs read before or after each step. After, if nothing is said.
    #[must_use]
    pub fn with_readout(self, readout: Readout) -> Self {
        Self { run: self.run.with_readout(readout), ..self }
    }

    /// Records one step for each of the inputs `[k, B, X]`.
    ///
    /// # Panics
    /// As [`Unrolling::advance`].
    #[track_caller]
    pub fn advance<'d>(
        &mut self,
        p: Bound<'t, '_, T>,
        xs: impl Into<Sequence<'t, 'd, T>>,
    ) -> Block<'t, T> {
        or_panic(self.try_advance(p, xs))
    }

    /// [`advance`](Online::advance), or the reason why not.
    ///
    /// # Errors
    /// As [`Unrolling::try_advance`].
    #[track_caller]
    pub fn try_advance<'d>(
        &mut self,
        p: Bound<'t, '_, T>,
        xs: impl Into<Sequence<'t, 'd, T>>,
    ) -> Result<Block<'t, T>> {
        self.bind(p);
        self.run.try_advance(p, xs)
    }

    /// What has an influence has a gradient, though no step of this block may ask for it.
    fn bind(&mut self, p: Bound<'t, '_, T>) {
        self.leaves.clear();
        self.leaves.extend(self.influence.params().iter().map(|&id| p.instead(&[]).var(id)));
    }

    /// h at the edge, to take a loss of it after [`carry`](Online::carry).
    ///
    /// A loss of a block's outputs is differentiated through the block, and only what arrives at its beginning meets the
    /// influence. A loss of this has the gradient s̄ᵀM alone: for [`Rtrl`](super::Rtrl) the same, for approximate methods
    /// another approximation (for [`Snap1`](super::Snap1) the one of the paper).
    pub fn output(&mut self, p: Bound<'t, '_, T>) -> Var<'t, T> {
        self.bind(p);
        self.run.state().output()
    }

    /// The gradient of `loss`, a function of the block's outputs or of [`output`](Online::output), through the block and
    /// all that was before it. Then the influence is carried over the edge, and the block is let go.
    ///
    /// # Errors
    /// When `loss` is not one number, or not of this tape; or what [`Influence::carry`] returns.
    pub fn backward(&mut self, loss: Var<'t, T>) -> Result<Gradients<T>> {
        let mut gradients = self.tape.try_backward(loss)?;
        self.reach(&mut gradients)?;
        let cotangent = self.edge.state(&gradients)?;
        self.influence.pull(cotangent, &mut gradients);
        self.carry()?;
        Ok(gradients)
    }

    /// A parameter that only the past has used is used: an optimizer must not leave it out.
    fn reach(&self, gradients: &mut Gradients<T>) -> Result<()> {
        for (id, leaf) in self.influence.params().iter().zip(&self.leaves) {
            let Some(zeros) = gradients.param(*id) else {
                return Err(Error::Data {
                    what: format!("a sweep between blocks, without {id:?}"),
                    rule: "the parameters with an influence must be on the tape".into(),
                    remedy: "take the loss of `Online::output`, or of what `advance` returns",
                });
            };
            if gradients.is_unused(*id) {
                let reached = self.tape.try_backward_from(&[(*leaf, zeros)])?;
                gradients.accumulate(&reached);
            }
        }
        Ok(())
    }

    /// Carries the influence over the edge and lets the block go, without a loss.
    ///
    /// # Errors
    /// What [`Influence::carry`] returns. The block is on the tape then as before.
    pub fn carry(&mut self) -> Result<()> {
        if self.carried == self.run.time() {
            return Ok(());
        }
        self.carried = self.run.time();
        self.edge.end(self.run.state());
        self.influence.carry(&mut self.edge)?;
        self.run.carry();
        self.run.set_state(self.run.state().map(&mut |part| part.watch()));
        self.edge.begin(self.run.state());
        Ok(())
    }

    /// The state after the last step.
    pub fn state(&self) -> C::State<'t> {
        self.run.state()
    }

    /// Copies of the state's parts.
    pub fn state_values(&self) -> Vec<ArrayD<T>> {
        self.run.state_values()
    }

    /// What is known of the past's influence.
    pub fn influence(&self) -> &M {
        &self.influence
    }

    /// How many steps have been made.
    pub fn time(&self) -> usize {
        self.run.time()
    }

    /// Zeros in the rows of the state where `mask [B]` holds: another sequence begins there, on which the past has no
    /// influence.
    ///
    /// # Panics
    /// When the mask is not of one flag for each row.
    #[track_caller]
    pub fn reset_rows(&mut self, mask: &[bool]) {
        self.run.reset_rows(mask);
    }
}
