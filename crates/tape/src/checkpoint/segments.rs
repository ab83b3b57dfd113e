//! The segments of a tape, and what each computes.

use crate::{Real, Tape, Var};
use std::fmt;

/// What a segment computes. It must do the same at every call.
pub(super) type Run<T> = dyn for<'a> Fn(&'a Tape<T>, &[Var<'a, T>]) -> Var<'a, T> + Send;

/// A segment that can be recorded again.
pub(crate) struct Segment<T: Real> {
    pub(super) run: Box<Run<T>>,
    /// How many of the node's edges are inputs; the others are parameters that it binds itself.
    pub(super) inputs: usize,
}

/// The segments of a tape, by rising serial number of their node.
pub(crate) struct Segments<T: Real>(pub(super) Vec<(u64, Segment<T>)>);

impl<T: Real> Default for Segments<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Real> fmt::Debug for Segments<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl<T: Real> Segments<T> {
    #[inline]
    pub(crate) fn get(&self, id: u64) -> Option<&Segment<T>> {
        let at = self.0.binary_search_by_key(&id, |s| s.0).ok()?;
        Some(&self.0[at].1)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Drops the segments of what was released.
    pub(crate) fn release(&mut self, front: u64) {
        self.0.drain(..self.0.partition_point(|(id, _)| *id < front));
    }
}
