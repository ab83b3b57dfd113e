//! A value for one reader.
//!
//! What an op leaves on the tape stays there for the sweep. But a sum of products that a formula turns into gates is read
//! once, by this formula, and by nobody on the way back: its own op needs it no more than the formula does, which keeps the
//! gates. So it is written aside, into memory that it leaves to the next of its kind: it takes no room on the tape, and
//! the cache knows the place.

use crate::{Op, Real, Result, Tape, Var, node::Place, record::Record};
use std::{mem::take, panic::Location};

impl<T: Real> Tape<T> {
    /// Records `op`, which must not read its own value on the way back. [`spend`](Tape::spend) it when its one reader has been
    /// recorded, which must not either.
    #[track_caller]
    pub(crate) fn try_apply_aside(
        &self,
        op: impl Op<T>,
        inputs: &[Var<'_, T>],
    ) -> Result<Var<'_, T>> {
        let mut record = self.record.borrow_mut();
        let op = record.shells.wrap(op);
        self.apply_boxed(record, op, inputs, &[], (true, Location::caller()))
    }

    /// Lets go of the value that stands aside. Where it has no reader, it is the last that was recorded, and is forgotten.
    pub(crate) fn spend(&self, value: Var<'_, T>, read: bool) {
        let mut record = self.record.borrow_mut();
        record.spend(value.id);
        if !read {
            record.forget_last();
        }
    }
}

impl<T: Real> Record<T> {
    /// Room for `len` values of anything.
    pub(crate) fn lend_aside(&mut self, len: usize) -> Vec<T> {
        let mut memory = take(&mut self.aside);
        if memory.len() < len {
            memory.resize(len, T::ZERO);
        }
        if cfg!(debug_assertions) {
            memory.fill(T::of(f64::NAN));
        }
        memory
    }

    fn spend(&mut self, id: u64) {
        if let Some(node) = self.get_mut(id)
            && let Place::Aside(memory) = std::mem::replace(&mut node.place, Place::Spent)
        {
            self.aside = memory;
        }
    }

    fn forget_last(&mut self) {
        if let Some(mut node) = self.nodes.items.pop() {
            self.edges.truncate(node.edges);
            self.shells.take_back(&mut node.kind);
        }
    }
}
