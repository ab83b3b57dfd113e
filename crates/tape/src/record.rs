//! The record: every value in one arena, every node after its inputs.
//!
//! Serial numbers and arena addresses only ever grow. What is released leaves from the front; the memory it
//! stood in is closed up once the dead outweigh the living, so that releasing costs what is released.

use crate::{
    Real,
    arena::{Arena, Queue},
    checkpoint::Segments,
    hook::Hooks,
    inspect::Windows,
    lookup::Lookup,
    node::{Kind, Node, Place},
    notes::Notes,
    pool::Pool,
    shape::{self, Shape},
    shapes::Shapes,
    shells::Shells,
    side_by_side::Wholes,
};
use std::{mem::take, panic::Location};

#[derive(Debug)]
pub(crate) struct Record<T: Real> {
    pub(crate) nodes: Queue<Node<T>>,
    /// Serial numbers below this one are released.
    pub(crate) front: u64,
    /// Released nodes that live on, as parameters or as constants, in the order of their serial numbers.
    pub(crate) survivors: Vec<(u64, Node<T>)>,
    pub(crate) values: Arena<T>,
    pub(crate) wholes: Wholes,
    pub(crate) shapes: Shapes,
    pub(crate) edges: Queue<u64>,
    pub(crate) indices: Queue<usize>,
    pub(crate) shells: Shells<T>,
    pub(crate) hooks: Hooks<T>,
    pub(crate) segments: Segments<T>,
    /// Memory for the values of survivors.
    pub(crate) spare: Vec<Vec<T>>,
    /// How many elements stand aside.
    pub(crate) aside: usize,
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
            wholes: Wholes::new(),
            shapes: Shapes::default(),
            edges: Queue::default(),
            indices: Queue::default(),
            shells: Shells::default(),
            hooks: Hooks::default(),
            segments: Segments::default(),
            spare: Vec::new(),
            aside: 0,
            notes: Notes::default(),
            windows: Windows::default(),
            strict: false,
            cuts: 0,
            last_cut: Location::caller(),
        }
    }

    pub(crate) fn shape(&self, node: &Node<T>) -> &Shape {
        &self.shapes[node.shape]
    }

    /// The nodes that `node` was computed from.
    #[inline]
    pub(crate) fn inputs(&self, node: &Node<T>) -> &[u64] {
        match node.kind {
            Kind::Op(_) => self.edges.slice(node.edges, node.inputs as usize),
            _ => &[],
        }
    }

    /// The whole numbers that its op reads.
    pub(crate) fn indices_of(&self, node: &Node<T>) -> &[usize] {
        self.indices.slice(node.indices, node.index_count as usize)
    }

    /// The living node, if it is one.
    #[inline]
    pub(crate) fn get(&self, id: u64) -> Option<&Node<T>> {
        if id >= self.front {
            self.nodes.items.get((id - self.nodes.base) as usize)
        } else {
            let at = self.survivor(id)?;
            Some(&self.survivors[at].1)
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Node<T>> {
        if id >= self.front {
            self.nodes.items.get_mut((id - self.nodes.base) as usize)
        } else {
            let at = self.survivor(id)?;
            Some(&mut self.survivors[at].1)
        }
    }

    /// Where the released node `id` stands among those that live on.
    pub(crate) fn survivor(&self, id: u64) -> Option<usize> {
        self.survivors.binary_search_by_key(&id, |s| s.0).ok()
    }

    #[inline]
    pub(crate) fn lookup(&self) -> Lookup<'_, T> {
        Lookup {
            nodes: &self.nodes.items,
            first: self.nodes.base,
            front: self.front,
            survivors: &self.survivors,
            shapes: &self.shapes,
            edges: &self.edges,
            values: &self.values.items[..self.values.len],
            base: self.values.base,
        }
    }

    /// A node in the making.
    pub(crate) fn node(
        &mut self,
        kind: Kind<T>,
        shape: &Shape,
        site: &'static Location<'static>,
    ) -> Node<T> {
        Node {
            len: shape::len(shape),
            wants: matches!(kind, Kind::Leaf | Kind::Param(_)),
            kind,
            shape: self.shapes.id(shape),
            site,
            ..Node::BLANK
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
        edges: (u64, usize),
        len: usize,
    ) -> (Lookup<'_, T>, &[u64], &mut [T], u64) {
        let (address, base) = (self.values.end(), self.values.base);
        let (before, fresh) = self.values.extend(len);
        let lookup = Lookup {
            nodes: &self.nodes.items,
            first: self.nodes.base,
            front: self.front,
            survivors: &self.survivors,
            shapes: &self.shapes,
            edges: &self.edges,
            values: before,
            base,
        };
        (lookup, self.edges.slice(edges.0, edges.1), fresh, address)
    }

    /// The place of a node that shares the elements of `source` from `offset` on.
    pub(crate) fn view(&mut self, source: u64, offset: usize, reader: u64) -> Place<T> {
        let (root, offset) = match self.get(source).map(|source| &source.place) {
            Some(&Place::View { root, offset: inner }) => (root, inner + offset),
            _ => (source, offset),
        };
        if let Some(root) = self.get_mut(root) {
            root.last_use = reader;
        }
        Place::View { root, offset }
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self, pool: &mut Pool<T>) {
        self.front = self.nodes.end();
        for node in &mut self.nodes.items {
            self.shells.take_back(&mut node.kind);
            if let Place::Aside(memory) = &mut node.place {
                pool.give(take(memory));
            }
        }
        self.aside = 0;
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
        self.wholes.clear();
        self.edges.clear();
        self.indices.clear();
        self.notes.clear();
    }
}
