//! What the tape knows about one of its values.

use crate::{Op, ParamId, arena::Queue, buffer::Buffer, shapes::ShapeId};
use ndarray::ArrayD;
use std::{panic::Location, sync::Arc};

/// Where the elements of a node stand.
#[derive(Debug)]
pub(crate) enum Place<T> {
    /// In the arena, from this address on.
    Arena(u64),
    /// Among the elements of another node, which is no view itself.
    View { root: u64, offset: usize },
    /// In a parameter, which has been written so often, or in another array that is shared.
    Param { array: Arc<ArrayD<T>>, version: u64 },
    /// On their own: the node was released but is still read.
    Kept(Vec<T>),
    /// In memory of the pool, which is lent to it until it is let go.
    Aside(Buffer<T>),
    /// Nowhere any more: nobody will ask.
    Spent,
    /// The same, for what was a view of it.
    SpentView { offset: usize },
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind<T> {
    Op(Box<dyn Op<T>>),
    Leaf,
    Constant,
    Param(ParamId),
}

/// How its adjoint travels on. (One word for what excludes each other: a node is no byte larger than it must be.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its op is asked.
    Long,
    /// The same, but what turns its adjoint [first](crate::Op::outermost) is done already: it was flushed when it was written.
    Flushed,
    /// It is a number made of numbers by an op that has a short way for them.
    Number,
    /// It is a view, and its adjoint is added to that of its input where it stands there.
    Share,
}

#[derive(Debug)]
pub(crate) struct Node<T> {
    pub(crate) kind: Kind<T>,
    pub(crate) shape: ShapeId,
    pub(crate) len: usize,
    pub(crate) place: Place<T>,
    /// How many values stand behind the node's own in the arena, saved for `backward`.
    pub(crate) saved: usize,
    /// Its inputs among the edges: where they begin, and how many they are.
    pub(crate) edges: u64,
    pub(crate) inputs: u32,
    /// Its whole numbers among the indices, likewise.
    pub(crate) index_count: u32,
    pub(crate) indices: u64,
    /// Does a gradient flow into it?
    pub(crate) wants: bool,
    pub(crate) watched: bool,
    /// Was it recorded during a pause? Then adjoints stop at it.
    pub(crate) paused: bool,
    pub(crate) way: Way,
    /// The serial number of the last node that reads it.
    pub(crate) last_use: u64,
    pub(crate) site: &'static Location<'static>,
}

impl<T> Node<T> {
    /// A constant without axes or elements. (Copied from memory that stands ready, and then filled in where it has
    /// come to stand, a node is written faster than when it is put together first and moved there.)
    pub(crate) const BLANK: Self = Self {
        kind: Kind::Constant,
        shape: ShapeId::NUMBER,
        len: 0,
        place: Place::Arena(0),
        saved: 0,
        edges: 0,
        inputs: 0,
        index_count: 0,
        indices: 0,
        wants: false,
        watched: false,
        paused: false,
        way: Way::Long,
        last_use: 0,
        site: Location::caller(),
    };
}

impl<T> Node<T> {
    /// Have its elements been let go?
    pub(crate) fn is_spent(&self) -> bool {
        matches!(self.place, Place::Spent | Place::SpentView { .. })
    }

    /// The version of the parameter that it stands for.
    pub(crate) fn version(&self) -> u64 {
        if let Place::Param { version, .. } = self.place { version } else { 0 }
    }
}

impl<T> Queue<Node<T>> {
    /// Adds a node to be filled in.
    #[inline(always)]
    pub(crate) fn push_blank(&mut self) -> &mut Node<T> {
        let at = self.items.len();
        self.items.push(Node::BLANK);
        &mut self.items[at]
    }
}
