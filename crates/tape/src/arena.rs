//! Memory whose addresses only grow, and which is closed up from the front.

use crate::{Real, buffer::beginning};

/// A vector whose elements keep their address when the front is released.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    pub(crate) items: Vec<E>,
    /// The address of `items[0]`.
    pub(crate) base: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self { items: Vec::new(), base: 0 }
    }
}

impl<E> Queue<E> {
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.base + self.items.len() as u64
    }
    #[inline]
    pub(crate) fn slice(&self, start: u64, len: usize) -> &[E] {
        let at = (start - self.base) as usize;
        &self.items[at..at + len]
    }
    pub(crate) fn items(&mut self) -> &mut Vec<E> {
        &mut self.items
    }
    /// Takes back everything from `end` on.
    pub(crate) fn truncate(&mut self, end: u64) {
        self.items.truncate((end - self.base) as usize);
    }
    /// Forgets everything before `front`, soon.
    pub(crate) fn release(&mut self, front: u64) {
        let dead = (front - self.base) as usize;
        if dead > 0 && dead >= self.items.len() - dead {
            self.items.drain(..dead);
            self.base = front;
        }
    }
    pub(crate) fn clear(&mut self) {
        self.base = self.end();
        self.items.clear();
    }
    pub(crate) fn bytes(&self) -> usize {
        self.items.len() * size_of::<E>()
    }
}

/// All values, at addresses that only grow. Its memory is written before it is read, never cleared.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    /// The values, and behind them what is left of earlier ones.
    pub(crate) items: Vec<T>,
    pub(crate) len: usize,
    /// How many of them stand before the first value, so that this begins on a line of the cache.
    start: usize,
    /// The address of `items[0]`.
    pub(crate) base: u64,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { items: Vec::new(), len: 0, start: 0, base: 0 }
    }
}

impl<T: Real> Arena<T> {
    pub(crate) fn end(&self) -> u64 {
        self.base + self.len as u64
    }
    /// Makes room for `count` more: all values before them, and the room, which holds anything.
    pub(crate) fn extend(&mut self, count: usize) -> (&[T], &mut [T]) {
        let end = self.len + count;
        if end > self.items.len() {
            self.items.resize(end, T::ZERO);
        }
        let (before, room) = self.items[..end].split_at_mut(self.len);
        self.len = end;
        if cfg!(debug_assertions) {
            room.fill(T::of(f64::NAN));
        }
        (before, room)
    }
    /// Adds one value, and says where it stands.
    #[inline]
    pub(crate) fn push(&mut self, value: T) -> u64 {
        let address = self.end();
        match self.items.get_mut(self.len) {
            Some(place) => *place = value,
            None => self.items.push(value),
        }
        self.len += 1;
        address
    }
    /// Takes back everything from `end` on.
    pub(crate) fn truncate(&mut self, end: u64) {
        self.len = (end - self.base) as usize;
    }
    /// Forgets everything before `front`, soon.
    pub(crate) fn release(&mut self, front: u64) {
        let dead = (front - self.base) as usize;
        let start = beginning(&self.items).min(dead);
        if dead > self.start && dead - self.start >= self.len - dead {
            self.items.copy_within(dead..self.len, start);
            self.len -= dead - start;
            self.base = front - start as u64;
            self.start = start;
        }
    }
    pub(crate) fn clear(&mut self) {
        self.base = self.end();
        self.start = beginning(&self.items);
        self.len = self.start;
    }
    pub(crate) fn bytes(&self) -> usize {
        (self.len - self.start) * size_of::<T>()
    }
}
