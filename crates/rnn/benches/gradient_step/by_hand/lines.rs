//! Numbers that begin on a line of the cache.
//!
//! The tape's do, and vectors are read and written in half the time there: a witness of its speed must not do without.

use ::tape::Real;
use std::ops::{Deref, DerefMut};

/// Bytes of a line.
const LINE: usize = 64;

#[derive(Debug)]
pub(super) struct Lines<T> {
    memory: Vec<T>,
    start: usize,
    len: usize,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { memory: Vec::new(), start: 0, len: 0 }
    }
}

impl<T: Real> Lines<T> {
    pub(super) fn zeros(len: usize) -> Self {
        let more = LINE / size_of::<T>();
        let memory = vec![T::ZERO; len + more];
        Self { start: memory.as_ptr().align_offset(LINE).min(more), memory, len }
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.memory[self.start..][..self.len]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..][..self.len]
    }
}
