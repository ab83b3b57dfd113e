//! Memory that sweeps use again.
//!
//! An adjoint lives from its first term until its node has been swept; then its memory serves the next one.
//! So a sweep works in the memory of a step, not of a sequence, and a second sweep allocates nothing.

use crate::{
    Real, buffer::Buffer, gather::Gather, gradients::Kept, postponed::Postponed, running::Running,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(crate) struct Pool<T> {
    /// Free memory; at index `k` for at least `2ᵏ` elements, and a line.
    free: Vec<Vec<Vec<T>>>,
    /// The adjoints of a sweep under way, by node.
    pub(crate) adjoints: Vec<Running<T>>,
    /// The same for nodes that have survived a cut.
    pub(crate) survivors: Vec<Running<T>>,
    /// Are all of them zero, as a sweep leaves them that has come to its end?
    pub(crate) clean: bool,
    pub(crate) gathers: Vec<Gather<T>>,
    /// Adjoints that wait for those to whom they belong, and how many there have been.
    pub(crate) postponed: Vec<Postponed<T>>,
    pub(crate) keys: u64,
    /// What dropped [`Gradients`](crate::Gradients) left behind.
    pub(crate) kept: Vec<Kept<T>>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            free: Vec::new(),
            adjoints: Vec::new(),
            survivors: Vec::new(),
            clean: true,
            gathers: Vec::new(),
            postponed: Vec::new(),
            keys: 0,
            kept: Vec::new(),
        }
    }
}

impl<T: Copy + Default> Pool<T> {
    /// A buffer of `len` elements of any value. (Handed over in registers, as far as that goes: of one that has just been
    /// given, the words are read as they were written, and not waited for.)
    #[inline(always)]
    pub(crate) fn take(&mut self, len: usize) -> Buffer<T> {
        Buffer::within(self.memory(len, Buffer::<T>::room(len)))
    }

    /// `len` elements of any value, wherever they begin.
    pub(crate) fn vector(&mut self, len: usize) -> Vec<T> {
        self.memory(len, len)
    }

    /// `all` elements of any value, in memory that has room for a buffer of `len`.
    #[inline(always)]
    fn memory(&mut self, len: usize, all: usize) -> Vec<T> {
        if len == 0 {
            return Vec::new(); // an empty adjoint is a zero: nobody would give the memory back
        }
        let class = len.next_power_of_two().trailing_zeros() as usize;
        match self.free.get_mut(class).and_then(Vec::pop) {
            Some(memory) if memory.len() == all => memory,
            free => Self::resized(free, all, class),
        }
    }

    #[cold]
    #[inline(never)]
    fn resized(free: Option<Vec<T>>, all: usize, class: usize) -> Vec<T> {
        let mut memory = free.unwrap_or_else(|| Vec::with_capacity(Buffer::<T>::room(1 << class)));
        memory.resize(all, T::default());
        memory
    }

    #[inline]
    pub(crate) fn give(&mut self, buffer: Buffer<T>) {
        self.give_memory(buffer.into_memory());
    }

    pub(crate) fn give_memory(&mut self, memory: Vec<T>) {
        let Some(class) = memory.capacity().checked_ilog2() else { return };
        let class = class as usize;
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        self.free[class].push(memory);
    }

    /// The free memory.
    pub(crate) fn free(&self) -> impl Iterator<Item = &Vec<Vec<T>>> {
        self.free.iter()
    }

    /// How many buffers are free.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.free.iter().map(Vec::len).sum()
    }
}

impl<T: Real> Pool<T> {
    /// Makes room for the adjoints of `nodes` nodes and `survivors`, all zero.
    pub(crate) fn begin(&mut self, nodes: usize, survivors: usize) {
        if !std::mem::take(&mut self.clean) {
            self.clear();
        }
        self.adjoints.resize_with(nodes, Running::default);
        self.survivors.resize_with(survivors, Running::default);
    }

    /// Takes back what a sweep that panicked in an op has left behind.
    fn clear(&mut self) {
        for k in 0..self.adjoints.len() {
            std::mem::take(&mut self.adjoints[k]).give_to(self);
        }
        for k in 0..self.survivors.len() {
            std::mem::take(&mut self.survivors[k]).give_to(self);
        }
        while let Some(gather) = self.gathers.pop() {
            gather.give_to(self);
        }
    }
}

/// The pool of a tape, shared with the gradients that come from it so that they can return their memory.
#[derive(Debug)]
pub(crate) struct SharedPool<T>(Arc<Mutex<Pool<T>>>);

impl<T> Default for SharedPool<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for SharedPool<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> SharedPool<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Pool<T>> {
        // Whatever a panic left inside is cleared by the next `begin`.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
