//! An op meets its inputs: how a node comes to be.

use crate::{
    Error, Op, Real, Result, Tape, Var,
    error::{Misfit, Shapes, or_panic},
    lend::{Inputs, Lent},
    node::{Kind, Place, Way},
    record::Record,
    shape::{self, Shape},
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
        let mut record = self.record.borrow_mut();
        let number = self.number(&record, &op, inputs);
        let op = record.shells.wrap(op);
        if let Some(y) = number {
            return Ok(self.push_number(record, op, inputs, y, site));
        }
        self.apply_boxed(record, op, inputs, indices, (usize::MAX, site))
    }

    /// What is the same for all ops, and so is compiled once. An output of as many elements as `aside` stands aside, unless
    /// it is a view or has more saved beside it.
    #[track_caller]
    pub(crate) fn apply_boxed(
        &self,
        record: RefMut<'_, Record<T>>,
        op: Box<dyn Op<T>>,
        inputs: &[Var<'_, T>],
        indices: &[usize],
        (aside, site): (usize, &'static Location<'static>),
    ) -> Result<Var<'_, T>> {
        let mut attempt = Attempt::new(record);
        let record = &mut *attempt.record;
        let id = record.nodes.end();
        let mut wants = false;
        let edges = (record.edges.end(), inputs.len());
        for (i, var) in inputs.iter().enumerate() {
            let input = self.check(record, var, || op.name())?;
            wants = wants || input.wants && op.differentiable(i);
            record.edges.items.push(var.id);
        }
        let lent = Lent {
            lookup: &record.lookup(),
            nodes: record.edges.slice(edges.0, edges.1),
            indices,
            scratch: &self.scratch,
        };
        let x = Inputs(&lent);
        let (shape, len) = match op.shaped_like(x) {
            Some(i) => {
                debug_assert!(
                    op.shape(x).is_ok_and(|shape| shape[..] == *x.shape(i)),
                    "{} says that it is shaped like its input {i}, and is not",
                    op.name()
                );
                (Ok(x.node(i).shape), x.node(i).len)
            }
            None => fitted(&*op, x).map(|(shape, len)| (Err(shape), len))?,
        };
        let (saved, view, joins) = (op.saves(x), op.view(x), op.joins(x));
        let shares = view.is_some() && inputs.len() == 1 && op.passes(0, x);
        for var in inputs {
            if let Some(input) = record.get_mut(var.id) {
                input.last_use = id;
            }
        }
        let parts = || record.side_by_side(record.edges.slice(edges.0, edges.1));
        let whole = (joins && saved == 0).then(parts).flatten();
        let place = match (view, whole) {
            (Some(offset), _) => record.view(inputs[0].id, offset, id),
            (None, Some(start)) => {
                record.wholes.push((id, start));
                Place::Arena(start)
            }
            (None, None) if len >= aside && saved == 0 => {
                let mut memory = self.pool.lock().take(len);
                if cfg!(debug_assertions) {
                    memory.fill(T::of(f64::NAN));
                }
                let nodes = record.edges.slice(edges.0, edges.1);
                let lent =
                    Lent { lookup: &record.lookup(), nodes, indices, scratch: &self.scratch };
                op.forward(Inputs(&lent), &mut memory, &mut []);
                record.aside += len;
                Place::Aside(memory)
            }
            (None, None) => {
                let (lookup, nodes, fresh, start) = record.extend(edges, len + saved);
                let lent = Lent { lookup: &lookup, nodes, indices, scratch: &self.scratch };
                let (y, saved) = fresh.split_at_mut(len);
                op.forward(Inputs(&lent), y, saved);
                Place::Arena(start)
            }
        };
        let indices_at = record.indices.end();
        record.indices.items.extend_from_slice(indices);
        let shape = shape.unwrap_or_else(|shape| record.shapes.id(&shape));
        let paused = self.pauses.get() > 0;
        let node = record.nodes.push_blank();
        node.kind = Kind::Op(op);
        node.place = place;
        (node.shape, node.len, node.saved) = (shape, len, saved);
        (node.edges, node.inputs) = (edges.0, edges.1 as u32);
        (node.indices, node.index_count) = (indices_at, indices.len() as u32);
        (node.wants, node.paused) = (wants && !paused, paused);
        node.way = if shares { Way::Share } else { Way::Long };
        node.site = site;
        attempt.complete = true;
        let strict = attempt.record.strict;
        drop(attempt);
        if strict {
            self.insist_finite(id);
        }
        Ok(Var { tape: self, id })
    }
}

/// The shape of the output, and how many elements it has.
fn fitted<T: Real>(op: &dyn Op<T>, x: Inputs<'_, T>) -> Result<(Shape, usize)> {
    let misfit = match op.shape(x) {
        Ok(shape) => match shape::checked_len(&shape) {
            Some(len) => return Ok((shape, len)),
            None => Misfit::new(
                format!("the output would be {:?}, more elements than can be counted", &shape[..]),
                "use smaller axes",
            ),
        },
        Err(misfit) => misfit,
    };
    let shapes = Shapes((0..x.len()).map(|i| x.shape(i).into()).collect());
    Err(Error::Shape { op: op.name(), shapes, misfit })
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
