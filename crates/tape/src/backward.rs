//! The sweep: adjoints travel back.

use crate::{
    Error, Gradients, Real, Result, Tape, Var, error::or_panic, gradients::Kept, inspect::Blame,
    lookup::Lookup, pool::Pool, record::Record, sweep::Sweep,
};
use ndarray::{ArrayD, ArrayViewD, aview0};
use std::{iter::once, ops::Range};

impl<T: Real> Tape<T> {
    /// `∂loss/∂v` for every leaf, parameter and watched variable `v`.
    ///
    /// The tape is only read: sweep as often as you like, from whatever you like.
    ///
    /// # Panics
    /// When `loss` is not one number, is of another tape, or was released by a cut.
    #[track_caller]
    pub fn backward(&self, loss: Var<'_, T>) -> Gradients<T> {
        or_panic(self.try_backward(loss))
    }

    /// [`backward`](Tape::backward), or the reason why not.
    pub fn try_backward(&self, loss: Var<'_, T>) -> Result<Gradients<T>> {
        let record = self.record.borrow();
        let node = self.check(&record, &loss, || "backward")?;
        if node.len != 1 {
            return Err(Error::NotScalar { shape: record.shape(node).clone() });
        }
        let one = T::ONE;
        let seed = once((loss.id, aview0(&one).into_dyn()));
        Ok(self.sweep(&record, seed, None, 0..u64::MAX))
    }

    /// `Σⱼ cotangentⱼ · ∂varⱼ/∂v` for every leaf, parameter and watched variable `v`: one sweep from many roots.
    ///
    /// # Panics
    /// When a cotangent has not the shape of its variable, or a variable is of another tape or released.
    #[track_caller]
    pub fn backward_from(&self, seeds: &[(Var<'_, T>, &ArrayD<T>)]) -> Gradients<T> {
        or_panic(self.try_backward_from(seeds))
    }

    /// [`backward_from`](Tape::backward_from), or the reason why not.
    pub fn try_backward_from(&self, seeds: &[(Var<'_, T>, &ArrayD<T>)]) -> Result<Gradients<T>> {
        let record = self.record.borrow();
        for (var, cotangent) in seeds {
            let node = self.check(&record, var, || "backward_from")?;
            if record.shape(node)[..] != *cotangent.shape() {
                let (variable, cotangent) = (record.shape(node).clone(), cotangent.shape().into());
                return Err(Error::Cotangent { variable, cotangent });
            }
        }
        let seeds = seeds.iter().map(|(var, cotangent)| (var.id, cotangent.view()));
        Ok(self.sweep(&record, seeds, None, 0..u64::MAX))
    }

    /// The first op that makes an adjoint leave the finite.
    pub(crate) fn try_blame(&self, loss: Var<'_, T>) -> Result<Option<Blame>> {
        let record = self.record.borrow();
        let node = self.check(&record, &loss, || "backward")?;
        if node.len != 1 {
            return Err(Error::NotScalar { shape: record.shape(node).clone() });
        }
        let pool = &mut *self.pool.lock();
        let lookup = record.lookup();
        let mut sweep = self.begin(&record, &lookup, pool, None);
        (sweep.traced, sweep.plain) = (true, false);
        sweep.add_to(loss.id, 1, |sum| sum.add(once(T::ONE)));
        let nodes: Vec<_> = record.living().collect();
        for (id, node) in nodes.into_iter().rev() {
            sweep.node(id, node);
            if sweep.blame.is_some() {
                break;
            }
        }
        let Sweep { blame, kept, .. } = sweep;
        pool.kept.push(kept.emptied());
        Ok(blame)
    }

    fn begin<'a>(
        &'a self,
        record: &'a Record<T>,
        lookup: &'a Lookup<'a, T>,
        pool: &'a mut Pool<T>,
        kept: Option<Kept<T>>,
    ) -> Sweep<'a, T> {
        pool.begin((record.nodes.end() - record.front) as usize, record.survivors.len());
        Sweep {
            tape: self,
            lookup,
            record,
            scratch: &self.scratch,
            kept: kept.or_else(|| pool.kept.pop()).unwrap_or_default(),
            pool,
            plain: record.hooks.is_empty(),
            traced: false,
            blame: None,
            first: 0,
        }
    }

    /// The whole of reverse mode: seed the roots, walk the nodes backwards, let each op add to its inputs'
    /// adjoints.
    ///
    /// A loop, never a recursion: a million steps of an unrolled recurrence need no deeper stack than one.
    /// It visits the nodes of the `window`, keeps what arrives at those before it, and adds to what is `kept`
    /// already.
    pub(crate) fn sweep<'s>(
        &self,
        record: &Record<T>,
        seeds: impl Iterator<Item = (u64, ArrayViewD<'s, T>)>,
        kept: Option<Kept<T>>,
        window: Range<u64>,
    ) -> Gradients<T> {
        let pool = &mut *self.pool.lock();
        let end = record.nodes.end();
        let lookup = record.lookup();
        let mut sweep = self.begin(record, &lookup, pool, kept);
        for (id, cotangent) in seeds {
            sweep.add_to(id, cotangent.len(), |sum| sum.add(cotangent.iter().copied()));
        }
        let stop = window.start.clamp(record.front, end);
        sweep.first = stop;
        for id in (stop..window.end.min(end)).rev() {
            sweep.node(id, sweep.lookup.node(id));
        }
        for id in (record.front..stop).rev() {
            sweep.arrived(id, sweep.lookup.node(id));
        }
        for (id, node) in record.survivors.iter().rev() {
            if stop > record.front { sweep.arrived(*id, node) } else { sweep.node(*id, node) }
        }
        sweep.pool.clean = true;
        Gradients { kept: sweep.kept, pool: self.pool.clone(), end }
    }
}
