//! Reading what is recorded while more is written behind it.

use crate::{
    Real,
    arena::Queue,
    node::{Kind, Node, Place},
    shape::Shape,
    shapes::Shapes,
};

/// Read access to the nodes and values recorded so far.
#[derive(Debug)]
pub(crate) struct Lookup<'a, T: Real> {
    pub(crate) nodes: &'a [Node<T>],
    pub(crate) first: u64,
    pub(crate) front: u64,
    pub(crate) survivors: &'a [(u64, Node<T>)],
    pub(crate) shapes: &'a Shapes,
    pub(crate) edges: &'a Queue<u64>,
    pub(crate) values: &'a [T],
    pub(crate) base: u64,
}

impl<T: Real> Clone for Lookup<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Lookup<'_, T> {}

impl<'a, T: Real> Lookup<'a, T> {
    #[inline(always)]
    pub(crate) fn node(&self, id: u64) -> &'a Node<T> {
        if id >= self.front { &self.nodes[(id - self.first) as usize] } else { self.survivor(id) }
    }

    #[cold]
    fn survivor(&self, id: u64) -> &'a Node<T> {
        match self.survivors.binary_search_by_key(&id, |s| s.0) {
            Ok(at) => &self.survivors[at].1,
            Err(_) => unreachable!("a node outlives what it reads: {id}"),
        }
    }

    #[inline(always)]
    pub(crate) fn shape(&self, node: &Node<T>) -> &'a Shape {
        &self.shapes[node.shape]
    }

    #[inline(always)]
    pub(crate) fn values(&self, id: u64) -> &'a [T] {
        self.values_of(self.node(id))
    }

    #[inline(always)]
    pub(crate) fn values_of(&self, node: &'a Node<T>) -> &'a [T] {
        match node.place {
            Place::Arena(start) => self.arena(start, node.len),
            _ => self.elsewhere(node),
        }
    }

    fn elsewhere(&self, node: &'a Node<T>) -> &'a [T] {
        match &node.place {
            Place::Arena(start) => self.arena(*start, node.len),
            Place::View { root, offset } => {
                let root = self.node(*root);
                let values = match root.place {
                    Place::Arena(start) => self.arena(start, root.len),
                    _ => self.elsewhere(root),
                };
                &values[*offset..offset + node.len]
            }
            Place::Param { array, .. } => array.as_slice().unwrap_or(&[]),
            Place::Kept(values) => values,
            Place::Aside(values) => values,
            Place::Spent | Place::SpentView { .. } => &[],
        }
    }

    /// The node among whose elements those of `id` are: that which it is a view of, or itself.
    pub(crate) fn root(&self, id: u64) -> &'a Node<T> {
        match self.node(id) {
            &Node { place: Place::View { root, .. }, .. } => self.node(root),
            node => node,
        }
    }

    /// The nodes that `node` was computed from.
    pub(crate) fn inputs(&self, node: &Node<T>) -> &'a [u64] {
        match node.kind {
            Kind::Op(_) => self.edges.slice(node.edges, node.inputs as usize),
            _ => &[],
        }
    }

    /// The element of a node that has one.
    #[inline(always)]
    pub(crate) fn number_of(&self, node: &'a Node<T>) -> T {
        match node.place {
            Place::Arena(start) => self.values[(start - self.base) as usize],
            _ => self.values_of(node)[0],
        }
    }

    /// What the op of `node` saved for its `backward`.
    #[inline(always)]
    pub(crate) fn saved_of(&self, node: &Node<T>) -> &'a [T] {
        match node.place {
            Place::Arena(start) if node.saved > 0 => {
                self.arena(start + node.len as u64, node.saved)
            }
            _ => &[],
        }
    }

    #[inline(always)]
    fn arena(&self, start: u64, len: usize) -> &'a [T] {
        let at = (start - self.base) as usize;
        &self.values[at..at + len]
    }
}
