//! The record: every value in one arena, every node after its inputs.
//!
//! Serial numbers and arena addresses only ever grow. What is released leaves from the front; the memory it
//! stood in is closed up once the dead outweigh the living, so that releasing costs what is released.

use crate::{
    Op, ParamId, Real,
    arena::{Arena, Queue},
    checkpoint::Segments,
    hook::Hooks,
    inspect::Windows,
    notes::Notes,
    shape::Shape,
    shells::Shells,
};
use ndarray::ArrayD;
use std::{panic::Location, sync::Arc};

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
