//! The record: every value in one arena, every node after its inputs.
//!
//! Serial numbers and arena addresses only ever grow. What is released leaves from the front; the memory it
//! stood in is closed up once the dead outweigh the living, so that releasing costs what is released.

use crate::{
    Op, ParamId, Real, checkpoint::Segments, hook::Hooks, inspect::Windows, notes::Notes,
    shape::Shape,
};
use ndarray::ArrayD;
use std::{any::Any, any::TypeId, panic::Location, sync::Arc};

/// A vector whose elements keep their address when the front is released.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    items: Vec<E>,
    /// The address of `items[0]`.
    base: u64,
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
    items: Vec<T>,
    len: usize,
    /// The address of `items[0]`.
    base: u64,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { items: Vec::new(), len: 0, base: 0 }
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
    /// Takes back everything from `end` on.
    pub(crate) fn truncate(&mut self, end: u64) {
        self.len = (end - self.base) as usize;
    }
    /// Forgets everything before `front`, soon.
    pub(crate) fn release(&mut self, front: u64) {
        let dead = (front - self.base) as usize;
        if dead > 0 && dead >= self.len - dead {
            self.items.copy_within(dead..self.len, 0);
            self.len -= dead;
            self.base = front;
        }
    }
    fn clear(&mut self) {
        self.base = self.end();
        self.len = 0;
    }
    pub(crate) fn bytes(&self) -> usize {
        self.len * size_of::<T>()
    }
}

/// Where the elements of a node stand.
#[derive(Debug)]
pub(crate) enum Place<T> {
    /// In the arena, from this address on.
    Arena(u64),
    /// Among the elements of another node, which is no view itself.
    View { root: u64, offset: usize },
    /// In a parameter.
    Param(Arc<ArrayD<T>>),
    /// On their own: the node was released but is still read.
    Kept(Vec<T>),
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind<T> {
    Op(Box<dyn Op<T>>),
    Leaf,
    Constant,
    Param { id: ParamId, version: u64 },
}

#[derive(Debug)]
pub(crate) struct Node<T> {
    pub(crate) kind: Kind<T>,
    pub(crate) shape: Shape,
    pub(crate) len: usize,
    pub(crate) place: Place<T>,
    /// How many values stand behind the node's own in the arena, saved for `backward`.
    pub(crate) saved: usize,
    pub(crate) edges: (u64, u32),
    pub(crate) indices: (u64, u32),
    /// Does a gradient flow into it?
    pub(crate) wants: bool,
    pub(crate) watched: bool,
    /// Was it recorded during a pause? Then adjoints stop at it.
    pub(crate) paused: bool,
    /// The serial number of the last node that reads it.
    pub(crate) last_use: u64,
    pub(crate) site: &'static Location<'static>,
}

#[derive(Debug)]
pub(crate) struct Record<T: Real> {
    pub(crate) nodes: Queue<Node<T>>,
    /// Serial numbers below this one are released.
    pub(crate) front: u64,
    /// Released nodes that live on, as parameters or as constants, in the order of their serial numbers.
    pub(crate) survivors: Vec<(u64, Node<T>)>,
    pub(crate) values: Arena<T>,
    pub(crate) edges: Queue<u64>,
    pub(crate) indices: Queue<usize>,
    pub(crate) shells: Shells<T>,
    pub(crate) hooks: Hooks<T>,
    pub(crate) segments: Segments<T>,
    /// Memory for the values of survivors.
    pub(crate) spare: Vec<Vec<T>>,
    pub(crate) notes: Notes,
    pub(crate) windows: Windows,
    /// Does a value that is not finite panic?
    pub(crate) strict: bool,
    pub(crate) cuts: u64,
    pub(crate) last_cut: &'static Location<'static>,
}

impl<T: Real> Record<T> {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self {
            nodes: Queue::default(),
            front: 0,
            survivors: Vec::new(),
            values: Arena::default(),
            edges: Queue::default(),
            indices: Queue::default(),
            shells: Shells::default(),
            hooks: Hooks::default(),
            segments: Segments::default(),
            spare: Vec::new(),
            notes: Notes::default(),
            windows: Windows::default(),
            strict: false,
            cuts: 0,
            last_cut: Location::caller(),
        }
    }

    /// The living node, if it is one.
    pub(crate) fn get(&self, id: u64) -> Option<&Node<T>> {
        if id >= self.front {
            self.nodes
                .slice(self.front, (self.nodes.end() - self.front) as usize)
                .get((id - self.front) as usize)
        } else {
            let at = self.survivors.binary_search_by_key(&id, |s| s.0).ok()?;
            Some(&self.survivors[at].1)
        }
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Node<T>> {
        if id >= self.front {
            let at = (id - self.nodes.base) as usize;
            self.nodes.items.get_mut(at)
        } else {
            let at = self.survivors.binary_search_by_key(&id, |s| s.0).ok()?;
            Some(&mut self.survivors[at].1)
        }
    }

    pub(crate) fn lookup(&self) -> Lookup<'_, T> {
        Lookup {
            nodes: &self.nodes.items,
            first: self.nodes.base,
            front: self.front,
            survivors: &self.survivors,
            values: &self.values.items[..self.values.len],
            base: self.values.base,
        }
    }

    /// Adds a node whose elements already stand where `place` says.
    pub(crate) fn push(&mut self, node: Node<T>) -> u64 {
        let id = self.nodes.end();
        self.nodes.items.push(node);
        id
    }

    /// Lends everything recorded so far, the edges of the node in the making, and `len` fresh elements behind
    /// it all, at the address that comes last. (Inputs precede outputs, so one split lends both.)
    pub(crate) fn extend(
        &mut self,
        edges: (u64, u32),
        len: usize,
    ) -> (Lookup<'_, T>, &[u64], &mut [T], u64) {
        let (address, base) = (self.values.end(), self.values.base);
        let (before, fresh) = self.values.extend(len);
        let lookup = Lookup {
            nodes: &self.nodes.items,
            first: self.nodes.base,
            front: self.front,
            survivors: &self.survivors,
            values: before,
            base,
        };
        (lookup, self.edges.slice(edges.0, edges.1 as usize), fresh, address)
    }

    /// The place of a node that shares the elements of `source` from `offset` on.
    pub(crate) fn view(&mut self, source: u64, offset: usize, reader: u64) -> Place<T> {
        let (root, offset) = match self.lookup().node(source).place {
            Place::View { root, offset: inner } => (root, inner + offset),
            _ => (source, offset),
        };
        if let Some(root) = self.get_mut(root) {
            root.last_use = reader;
        }
        Place::View { root, offset }
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.front = self.nodes.end();
        for node in &mut self.nodes.items {
            self.shells.take_back(&mut node.kind);
        }
        self.nodes.clear();
        for (_, node) in self.survivors.drain(..) {
            if let Place::Kept(mut values) = node.place {
                values.clear();
                self.spare.push(values);
            }
        }
        self.hooks.clear();
        self.segments.clear();
        self.values.clear();
        self.edges.clear();
        self.indices.clear();
        self.notes.clear();
    }
}

/// Read access to the nodes and values recorded so far.
#[derive(Debug)]
pub(crate) struct Lookup<'a, T: Real> {
    nodes: &'a [Node<T>],
    first: u64,
    front: u64,
    survivors: &'a [(u64, Node<T>)],
    values: &'a [T],
    base: u64,
}

impl<T: Real> Clone for Lookup<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Lookup<'_, T> {}

impl<'a, T: Real> Lookup<'a, T> {
    #[inline]
    pub(crate) fn node(self, id: u64) -> &'a Node<T> {
        if id >= self.front { &self.nodes[(id - self.first) as usize] } else { self.survivor(id) }
    }

    #[cold]
    fn survivor(self, id: u64) -> &'a Node<T> {
        match self.survivors.binary_search_by_key(&id, |s| s.0) {
            Ok(at) => &self.survivors[at].1,
            Err(_) => unreachable!("a node outlives what it reads: {id}"),
        }
    }

    #[inline]
    pub(crate) fn values(self, id: u64) -> &'a [T] {
        self.values_of(self.node(id))
    }

    #[inline]
    pub(crate) fn values_of(self, node: &'a Node<T>) -> &'a [T] {
        match &node.place {
            Place::Arena(start) => self.arena(*start, node.len),
            Place::View { root, offset } => &self.values(*root)[*offset..offset + node.len],
            Place::Param(array) => array.as_slice().unwrap_or(&[]),
            Place::Kept(values) => values,
        }
    }

    /// What the op of `node` saved for its `backward`.
    #[inline]
    pub(crate) fn saved_of(self, node: &Node<T>) -> &'a [T] {
        match node.place {
            Place::Arena(start) if node.saved > 0 => {
                self.arena(start + node.len as u64, node.saved)
            }
            _ => &[],
        }
    }

    #[inline]
    fn arena(self, start: u64, len: usize) -> &'a [T] {
        let at = (start - self.base) as usize;
        &self.values[at..at + len]
    }
}

/// Ops that have been recorded and released, waiting to be one again: so that an op with parameters is
/// allocated once and not at every step. (An op without any has no memory to begin with.)
#[derive(Debug)]
pub(crate) struct Shells<T>(Vec<(TypeId, Shelf<T>)>);

/// Ops of one type.
type Shelf<T> = Vec<Box<dyn Op<T>>>;

impl<T> Default for Shells<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Real> Shells<T> {
    pub(crate) fn wrap<O: Op<T>>(&mut self, op: O) -> Box<dyn Op<T>> {
        if size_of::<O>() == 0 {
            return Box::new(op);
        }
        let shelf = self.0.iter_mut().find(|(id, _)| *id == TypeId::of::<O>());
        let Some(mut shell) = shelf.and_then(|(_, shelf)| shelf.pop()) else {
            return Box::new(op);
        };
        match (&mut *shell as &mut dyn Any).downcast_mut::<O>() {
            Some(place) => *place = op,
            None => return Box::new(op),
        }
        shell
    }

    pub(crate) fn take_back(&mut self, kind: &mut Kind<T>) {
        let Kind::Op(shell) = std::mem::replace(kind, Kind::Constant) else { return };
        if size_of_val(&*shell) == 0 {
            return;
        }
        let id = (&*shell as &dyn Any).type_id();
        match self.0.iter_mut().find(|(known, _)| *known == id) {
            Some((_, shelf)) => shelf.push(shell),
            None => self.0.push((id, vec![shell])),
        }
    }
}
