//! A whole sequence, block after block.

use super::{Block, Truncation, Unrolling};
use crate::{Bound, Cell, ParamStore, Readout, Result, Sequence};
use std::ops::Range;
use tape::{Gradients, Real, Tape, Var};

impl Truncation {
    /// Unrolls `cell` over a sequence of `steps` steps: for each block `inputs` puts the inputs of the given
    /// steps on the tape, `loss` makes one number of the outputs, and `update` takes the gradients.
    ///
    /// Returns the sum of the losses and the state after the last block.
    ///
    /// # Errors
    /// What `update` returns, or a `loss` that is not one number.
    #[allow(clippy::too_many_arguments)]
    pub fn run<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        start: impl FnOnce(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        mut inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        mut loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        mut update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>)> {
        let mut run =
            Unrolling::new(tape, cell, self, start(store.bind(tape))).with_readout(readout);
        // One block for all is swept as a whole; a last, shorter one goes back into the one before it.
        run.by_block = self.blocks(steps).all(|block| block == self.reach().min(steps));
        let mut total = T::ZERO;
        for block in self.blocks(steps) {
            let p = store.bind(tape);
            let xs = inputs(p, run.time()..run.time() + block);
            let outputs = run.advance(p, xs);
            let loss = loss(p, outputs);
            total += loss.item();
            let gradients = run.backward(loss)?;
            update(store, &gradients)?;
        }
        Ok((total, run.state()))
    }
}
