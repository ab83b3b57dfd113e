//! A whole sequence, block after block.

use super::{Block, Losses, Truncation, Unrolling, Updates};
use crate::{Bound, Cell, ParamStore, Readout, Result, Sequence};
use std::ops::Range;
use tape::{Gradients, Real, Tape, Var};

impl Truncation {
    /// Unrolls `cell` over a sequence of `steps` steps: for each block `inputs` puts the inputs of the given
    /// steps on the tape, `loss` makes one number of the outputs, and `update` takes the gradients.
    ///
    /// `update` is called once for each block, or once at the end with [`Updates::Accumulate`]. With
    /// [`Losses::Each`], `loss` is asked for every step by itself; with [`Updates::Recompute`], `inputs` is asked for
    /// steps that it has given before, and `start` at each of the first blocks.
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
        start: impl FnMut(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        mut loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        mut update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>)> {
        let mut sum: Option<Gradients<T>> = None;
        let collect = |store: &mut ParamStore<T>, gradients: Gradients<T>| {
            if self.updates() != Updates::Accumulate {
                return update(store, &gradients);
            }
            add(&mut sum, gradients);
            Ok(())
        };
        let mut counted = |p: Bound<'t, '_, T>, block: Block<'t, T>| loss(p, block);
        let done = if self.updates() == Updates::Recompute {
            self.recompute(tape, cell, store, start, steps, readout, inputs, &mut counted, collect)
        } else {
            self.once(tape, cell, store, start, steps, readout, inputs, &mut counted, collect)
        }?;
        if let Some(sum) = &sum {
            update(store, sum)?;
        }
        Ok(done)
    }

    /// Every step made once.
    #[allow(clippy::too_many_arguments)]
    fn once<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        mut start: impl FnMut(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        mut inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        mut loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        mut update: impl FnMut(&mut ParamStore<T>, Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>)> {
        let sweep = self.of_a_sweep();
        let mut run =
            Unrolling::new(tape, cell, sweep, start(store.bind(tape))).with_readout(readout);
        // One block for all is swept as a whole; a last, shorter one goes back into the one before it.
        run.by_block = sweep.blocks(steps).all(|block| block == self.reach().min(steps));
        let mut total = T::ZERO;
        for block in self.blocks(steps) {
            let (end, mut sum) = (run.time() + block, None);
            let at_once = if self.losses() == Losses::Each { 1 } else { block };
            while run.time() < end {
                let p = store.bind(tape);
                let xs = inputs(p, run.time()..run.time() + at_once);
                let outputs = run.advance(p, xs);
                let loss = loss(p, outputs);
                total += loss.item();
                add(&mut sum, run.backward(loss)?);
            }
            if let Some(gradients) = sum {
                update(store, gradients)?;
            }
        }
        Ok((total, run.state()))
    }

    /// Every step of a sweep made anew, with the parameters of the moment: [`Updates::Recompute`].
    #[allow(clippy::too_many_arguments)]
    fn recompute<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        mut start: impl FnMut(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        mut inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        mut loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        mut update: impl FnMut(&mut ParamStore<T>, Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>)> {
        let begun = start(store.bind(tape));
        let mut run = Unrolling::new(tape, cell, Self::Full, begun).with_readout(readout);
        // Of all that was before, the state before step `first` is left; none is kept of the initial one.
        let (mut first, mut before) = (0, None);
        let (mut total, mut made) = (T::ZERO, 0);
        for block in self.blocks(steps) {
            let each = self.losses() == Losses::Each;
            let mut sum = None;
            for end in made + if each { 1 } else { block }..=made + block {
                let from = end.saturating_sub(self.reach());
                if from > first {
                    let p = store.bind(tape);
                    run.restart(first, before.unwrap_or_else(|| start(p)));
                    run.advance(p, inputs(p, first..from));
                    run.carry();
                    (first, before) = (from, Some(run.state()));
                }
                let p = store.bind(tape);
                run.restart(first, before.unwrap_or_else(|| start(p)));
                let Block { outputs, .. } = run.advance(p, inputs(p, first..end));
                let counted = if each || self.losses() == Losses::Last { 1 } else { block };
                let counted = counted.min(end - first);
                let outputs = outputs.slice(0, end - first - counted..end - first);
                let loss = loss(p, Block { outputs, steps: end - counted..end });
                total += loss.item();
                add(&mut sum, tape.try_backward(loss)?);
                before = run.carry_beside(before);
            }
            made += block;
            if let Some(gradients) = sum {
                update(store, gradients)?;
            }
        }
        Ok((total, run.state()))
    }
}

fn add<T: Real>(sum: &mut Option<Gradients<T>>, term: Gradients<T>) {
    match sum {
        Some(sum) => sum.accumulate(&term),
        None => *sum = Some(term),
    }
}
