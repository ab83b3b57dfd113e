//! Checkpoints: compute twice, remember less.
//!
//! ```text
//! record    y = segment(x)         x and y stay, what lies between is forgotten
//! sweep     record the segment again from x, then x̄ += ȳ ∂y/∂x through it
//! ```
//!
//! A sequence of `T` steps in `√T` segments needs the memory of `2√T` steps, for one forward pass more
//! (A. Griewank, 1992; for networks T. Chen et al., 2016).
//!
//! The gradients have the bits they would have without. A sum of floating-point numbers depends on its order, so the
//! segment must not sum on its own and hand over a total: its sweep goes on with the very sums that the outer sweep
//! has begun, rows that wait for their product included, and hands them back.

mod replay;
mod segments;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use segments::{Segment, Segments};

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Param, Real, Result, Shape, Tape, Var,
    error::or_panic,
    node::{Kind, Place},
};
use replay::Replay;
use smallvec::SmallVec;
use std::{panic::Location, sync::Arc};

/// What stands on a tape for a segment. The sweep never asks it: it sweeps the segment.
#[derive(Debug, Clone, Copy)]
struct Checkpoint;

impl<T: Real> Op<T> for Checkpoint {
    fn shape(&self, _: Inputs<'_, T>) -> Result<Shape, Misfit> {
        Err(Misfit::new("it stands for a segment", "record it by `Tape::checkpoint`"))
    }
    fn forward(&self, _: Inputs<'_, T>, _: &mut [T], _: &mut [T]) {}
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, _: &[T], _: Adjoint<'_, T>) {}
}

/// Inputs and parameters of a segment, which are as a rule few enough to stay off the heap.
type Few<A> = SmallVec<[A; 8]>;

impl<T: Real> Tape<T> {
    /// `segment(tape, inputs)`, without its intermediate values: they are computed again when a sweep needs them, on an
    /// inner tape that all segments take turns to use. Values and gradients have the same bits as without.
    ///
    /// The segment gets the inner tape and variables on it that stand for `inputs`, and returns one on it. It must
    /// record the same at every call: draw dropout from a counter, not from a generator. What else it needs
    /// it owns. Weights are best given as inputs; a [`Param`] that the segment owns and binds by
    /// [`Tape::param`] has its gradient as usual, but its owner must copy it to write to it. Segments nest.
    ///
    /// A hook set inside is called in the sweep, unless it is on one of the inputs. Leaves made inside have no
    /// gradient for anyone to read. A segment recorded during a [pause](Tape::pause) is not kept.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, w) = (tape.leaf([0.3, -0.8]), tape.leaf([2.0, 1.5]));
    /// let y = tape.checkpoint(&[x, w], |_, x| ((x[0] * x[1]).tanh() * x[1]).exp());
    /// let z = ((x * w).tanh() * w).exp();
    /// assert_eq!(tape.backward(y.sum())[w], tape.backward(z.sum())[w]);
    /// ```
    ///
    /// # Panics
    /// At the caller's line when an input is of another tape or released, or the segment returns what is not on
    /// the tape it was given. A sweep panics when the segment then records something else.
    #[track_caller]
    pub fn checkpoint<'t>(
        &'t self,
        inputs: &[Var<'t, T>],
        segment: impl for<'a> Fn(&'a Self, &[Var<'a, T>]) -> Var<'a, T> + Send + 'static,
    ) -> Var<'t, T> {
        or_panic(self.try_checkpoint(inputs, segment))
    }

    /// [`checkpoint`](Tape::checkpoint), or the reason why not.
    #[track_caller]
    pub fn try_checkpoint<'t>(
        &'t self,
        inputs: &[Var<'t, T>],
        segment: impl for<'a> Fn(&'a Self, &[Var<'a, T>]) -> Var<'a, T> + Send + 'static,
    ) -> Result<Var<'t, T>> {
        let site = Location::caller();
        let inner = self.borrow_inner();
        let mut edges: Few<u64> = inputs.iter().map(|var| var.id).collect();
        let replay = {
            let record = self.record.borrow();
            for var in inputs {
                self.check(&record, var, || "checkpoint")?;
            }
            Replay::record(&inner, record.lookup(), &edges, &segment)?
        };
        let made = inner.record.borrow();
        for &(id, version, node) in &replay.params {
            if let Place::Param { array, .. } = &made.lookup().node(node).place {
                edges.push(self.param(&Param { id, value: Arc::clone(array), version }).id);
            }
        }
        let y = made.lookup().node(replay.y);
        let record = &mut *self.record.borrow_mut();
        let id = record.nodes.end();
        for &edge in &edges {
            if let Some(input) = record.get_mut(edge) {
                input.last_use = id;
            }
        }
        let shape = made.shape(y);
        let mut node = record.node(Kind::Op(Box::new(Checkpoint)), shape, site);
        node.place = Place::Arena(record.values.end());
        record.values.extend(y.len).1.copy_from_slice(made.lookup().values_of(y));
        (node.edges, node.inputs) = (record.edges.end(), edges.len() as u32);
        record.edges.items().extend(edges);
        node.indices = record.indices.end();
        node.paused = self.pauses.get() > 0;
        node.wants = y.wants && !node.paused;
        if !node.paused {
            let segment = Segment { run: Box::new(segment), inputs: inputs.len() };
            record.segments.0.push((id, segment));
        }
        record.push(node);
        drop(made);
        self.return_inner(inner);
        Ok(Var { tape: self, id })
    }

    fn borrow_inner(&self) -> Box<Self> {
        self.inner.borrow_mut().take().unwrap_or_default()
    }

    fn return_inner(&self, mut inner: Box<Self>) {
        inner.clear();
        self.inner.replace(Some(inner));
    }
}
