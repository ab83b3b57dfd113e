//! An op meets its inputs: how a node comes to be.

use crate::{
    Error, Op, Real, Result, Tape, Var,
    error::{Misfit, Shapes, or_panic},
    lend::Inputs,
    node::{Kind, Place},
    record::Record,
    shape,
};
use std::{cell::RefMut, panic::Location};

impl<T: Real> Tape<T> {
    /// Records `op` applied to `inputs` and returns its output.
    ///
    /// # Panics
    /// At the caller's line, with the text of the [`Error`] that [`try_apply`](Tape::try_apply) returns.
    #[track_caller]
    pub fn apply(&self, op: impl Op<T>, inputs: &[Var<'_, T>]) -> Var<'_, T> {
        or_panic(self.try_apply(op, inputs))
    }

    /// Records `op` applied to `inputs`, or says why that cannot be: shapes that do not fit, a variable of
    /// another tape, a variable that a cut released. Nothing is recorded then.
    #[track_caller]
    pub fn try_apply(&self, op: impl Op<T>, inputs: &[Var<'_, T>]) -> Result<Var<'_, T>> {
        self.try_apply_indexed(op, inputs, &[])
    }

    /// [`apply`](Tape::apply) for an op that also reads whole numbers, found again at
    /// [`Inputs::indices`].
    #[track_caller]
    pub fn apply_indexed(
        &self,
        op: impl Op<T>,
        inputs: &[Var<'_, T>],
        indices: &[usize],
    ) -> Var<'_, T> {
        or_panic(self.try_apply_indexed(op, inputs, indices))
    }

    /// [`try_apply`](Tape::try_apply) for an op that also reads whole numbers.
    #[track_caller]
    pub fn try_apply_indexed(
        &self,
        op: impl Op<T>,
        inputs: &[Var<'_, T>],
        indices: &[usize],
    ) -> Result<Var<'_, T>> {
        let site = Location::caller();
        let op = match self.apply_number(op, inputs, site) {
            Ok(y) => return Ok(y),
            Err(op) => op,
        };
        let op = self.record.borrow_mut().shells.wrap(op);
        self.apply_boxed(op, inputs, indices, site)
    }

    /// What is the same for all ops, and so is compiled once.
    #[track_caller]
    fn apply_boxed(
        &self,
        op: Box<dyn Op<T>>,
        inputs: &[Var<'_, T>],
        indices: &[usize],
        site: &'static Location<'static>,
    ) -> Result<Var<'_, T>> {
        let mut attempt = Attempt::new(self.record.borrow_mut());
        let record = &mut *attempt.record;
        let id = record.nodes.end();
        let mut wants = false;
        let edges = record.edges.end();
        for (i, var) in inputs.iter().enumerate() {
            let input = self.check(record, var, || op.name())?;
            wants |= input.wants && op.differentiable(i);
            record.edges.items().push(var.id);
        }
        let edges = (edges, inputs.len());
        let (shape, len, saved, view) = {
            let x = Inputs {
                lookup: record.lookup(),
                nodes: record.edges.slice(edges.0, inputs.len()),
                indices,
                scratch: &self.scratch,
            };
            let fitted = op.shape(x).and_then(|shape| match shape::checked_len(&shape) {
                Some(len) => Ok((len, shape)),
                None => Err(Misfit::new(
                    format!(
                        "the output would be {:?}, more elements than can be counted",
                        &shape[..]
                    ),
                    "use smaller axes",
                )),
            });
            match fitted {
                Ok((len, shape)) => (shape, len, op.saves(x), op.view(x)),
                Err(misfit) => {
                    let shapes = Shapes((0..x.len()).map(|i| x.shape(i).into()).collect());
                    return Err(Error::Shape { op: op.name(), shapes, misfit });
                }
            }
        };
        for var in inputs {
            if let Some(input) = record.get_mut(var.id) {
                input.last_use = id;
            }
        }
        let place = match view {
            Some(offset) => record.view(inputs[0].id, offset, id),
            None => {
                let (lookup, edges_slice, fresh, start) = record.extend(edges, len + saved);
                let x = Inputs { lookup, nodes: edges_slice, indices, scratch: &self.scratch };
                let (y, saved) = fresh.split_at_mut(len);
                op.forward(x, y, saved);
                Place::Arena(start)
            }
        };
        let indices_at = record.indices.end();
        record.indices.items().extend_from_slice(indices);
        let mut node = record.node(Kind::Op(op), &shape, site);
        (node.len, node.saved, node.place) = (len, saved, place);
        (node.edges, node.inputs) = (edges.0, inputs.len() as u32);
        (node.indices, node.index_count) = (indices_at, indices.len() as u32);
        node.paused = self.pauses.get() > 0;
        node.wants = wants && !node.paused;
        record.push(node);
        attempt.complete = true;
        let strict = attempt.record.strict;
        drop(attempt);
        if strict {
            self.insist_finite(id);
        }
        Ok(Var { tape: self, id })
    }
}

/// A node in the making. Nothing of it stays unless it is completed, not even when its op panics.
struct Attempt<'r, T: Real> {
    record: RefMut<'r, Record<T>>,
    edges: u64,
    values: u64,
    complete: bool,
}

impl<'r, T: Real> Attempt<'r, T> {
    fn new(record: RefMut<'r, Record<T>>) -> Self {
        let (edges, values) = (record.edges.end(), record.values.end());
        Self { record, edges, values, complete: false }
    }
}

impl<T: Real> Drop for Attempt<'_, T> {
    fn drop(&mut self) {
        if !self.complete {
            self.record.edges.truncate(self.edges);
            self.record.values.truncate(self.values);
        }
    }
}
