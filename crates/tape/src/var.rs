//! [`Var`], the handle to one value on a tape.

use crate::{Real, Tape, error::or_panic, node::Kind, record::Record, shape::Shape};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use std::fmt;

/// A value on a [`Tape`]: copy it, combine it, sweep from it.
pub struct Var<'t, T: Real> {
    pub(crate) tape: &'t Tape<T>,
    pub(crate) id: u64,
}

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({})", self.id)
    }
}

impl<T: Real> Record<T> {
    /// Keeps the gradient of node `id`. If none flowed into it so far, one does now, also through the nodes
    /// that have read it already.
    fn watch(&mut self, id: u64) {
        let Some(node) = self.get_mut(id) else { return };
        node.watched = true;
        if matches!(node.kind, Kind::Constant) {
            node.kind = Kind::Leaf;
        }
        if std::mem::replace(&mut node.wants, true) {
            return;
        }
        for reader in id + 1..self.nodes.end() {
            let lookup = self.lookup();
            let node = lookup.node(reader);
            let Kind::Op(op) = &node.kind else { continue };
            if node.paused {
                continue;
            }
            let inputs = self.inputs(node);
            let wants =
                |(i, input): (usize, &u64)| lookup.node(*input).wants && op.differentiable(i);
            let wants = inputs.iter().enumerate().any(wants);
            if let Some(node) = self.get_mut(reader) {
                node.wants |= wants;
            }
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The tape it is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// Its serial number, never given twice by one tape.
    pub fn id(self) -> u64 {
        self.id
    }

    /// The lengths of its axes.
    #[track_caller]
    pub fn shape(self) -> Shape {
        let record = self.tape.record.borrow();
        record.shape(or_panic(self.tape.check(&record, &self, || "shape"))).clone()
    }

    /// How many axes it has.
    #[track_caller]
    pub(crate) fn rank(self) -> usize {
        let record = self.tape.record.borrow();
        record.shape(or_panic(self.tape.check(&record, &self, || "shape"))).len()
    }

    /// A copy of its elements.
    #[track_caller]
    pub fn value(self) -> ArrayD<T> {
        self.with(|view| view.to_owned())
    }

    /// Its one element.
    ///
    /// # Panics
    /// When it has more or fewer than one.
    #[track_caller]
    pub fn item(self) -> T {
        let shape = self.shape();
        assert!(
            shape.iter().all(|&n| n == 1),
            "item of a variable of shape {:?}: it must have one element; read `value()`",
            &shape[..]
        );
        self.with(|view| view.first().copied().unwrap_or_default())
    }

    /// Shows its elements to `read` where they stand, without a copy.
    ///
    /// The tape is borrowed meanwhile: `read` must not record on it.
    #[track_caller]
    pub fn with<R>(self, read: impl FnOnce(ArrayViewD<'_, T>) -> R) -> R {
        let record = self.tape.record.borrow();
        let node = or_panic(self.tape.check(&record, &self, || "value"));
        let values = record.lookup().values_of(node);
        match ArrayViewD::from_shape(IxDyn(record.shape(node)), values) {
            Ok(view) => read(view),
            Err(error) => unreachable!("a node's elements fill its shape: {error}"),
        }
    }

    /// Keeps its gradient in every sweep from now on, as a leaf's is kept: see [`Gradients`](crate::Gradients).
    ///
    /// A constant becomes a leaf by it, and a detached value has a gradient like one.
    #[track_caller]
    pub fn watch(self) -> Self {
        let mut record = self.tape.record.borrow_mut();
        or_panic(self.tape.check(&record, &self, || "watch").map(|_| ()));
        record.watch(self.id);
        self
    }

    /// Records `op` applied to this variable alone.
    #[track_caller]
    pub fn apply(self, op: impl crate::Op<T>) -> Self {
        self.tape.apply(op, &[self])
    }
}
