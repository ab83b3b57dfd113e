//! Where the inputs of a formula lie, and in which blocks they are worked through.

use crate::{Inputs, Real, node::Node, shape::len};

/// How many elements a step does at a time: enough to forget its jump, few enough for the first cache.
pub(super) const BLOCK: usize = 1024;
/// Where a row is cut, it is cut between vectors.
const VECTOR: usize = 16;

/// How the inputs of a formula lie in the variables it is applied to. (A few numbers only: this is asked several times for
/// each node.)
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) width: usize,
    /// Is every variable one input? Then all rows are as good as one long one.
    flat: bool,
}

impl Layout {
    /// Variables whose last axes hold `inputs` inputs together.
    pub(super) fn of<T: Real>(inputs: usize, x: Inputs<'_, T>) -> Self {
        let lookup = x.0.lookup;
        let (mut total, mut rank, mut rows) = (0, 0, 1);
        let (first, mut flat) = (x.node(0), x.len() == inputs);
        for i in 0..x.len() {
            let node = x.node(i);
            let shape = lookup.shape(node);
            flat &= node.shape == first.shape;
            if let [lead @ .., last] = &shape[..] {
                total += last;
                if shape.len() > rank {
                    (rank, rows) = (shape.len(), len(lead));
                }
            } else {
                total += 1;
            }
        }
        let (rows, width) = if flat { (1, first.len) } else { (rows, total / inputs.max(1)) };
        Self { rows, width, flat }
    }

    /// How a variable lies: how long its rows are, which begin with its first input, and how far it is from one to the next;
    /// 0 where one row serves all. (Of its length, not of what stands there: that may be spent.)
    #[inline(always)]
    pub(super) fn row<T: Real>(&self, x: Inputs<'_, T>, node: &Node<T>) -> (usize, usize) {
        let row = if self.flat { node.len } else { last(x.0.lookup.shape(node)) };
        (row, if node.len == row { 0 } else { row })
    }

    /// How many elements an array of all rows has.
    pub(super) fn whole(&self) -> usize {
        self.rows * self.width
    }

    /// Several rows, or a part of one.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block> {
        let Self { rows, width, .. } = *self;
        let pieces = width.div_ceil(BLOCK).max(1);
        let len = if pieces == 1 { width } else { width.div_ceil(pieces).next_multiple_of(VECTOR) };
        let together = if pieces == 1 { BLOCK / width.max(1) } else { 1 };
        (0..rows).step_by(together).flat_map(move |row| {
            (0..width).step_by(len.max(1)).map(move |at| Block {
                row,
                rows: together.min(rows - row),
                at,
                len: len.min(width - at),
            })
        })
    }
}

/// The leading axes.
pub(super) fn lead(shape: &[usize]) -> &[usize] {
    shape.split_last().map_or(&[], |(_, lead)| lead)
}

/// The last axis, along which inputs lie side by side. A number is one.
pub(super) fn last(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1)
}

/// Elements `at .. at + len` of some rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) row: usize,
    pub(super) rows: usize,
    pub(super) at: usize,
    pub(super) len: usize,
}

/// How the rows of an array lie.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Lie {
    /// So far apart; 0 where one row serves all.
    Rows(usize),
    /// One after the other, those of the block at hand only.
    #[default]
    Lane,
    /// One number, repeated as often as a block has elements.
    Number,
}

impl Lie {
    /// Where the first row of a block begins, and how far it is to the next.
    #[inline(always)]
    pub(super) fn within(self, block: Block) -> (usize, usize) {
        match self {
            Self::Rows(stride) => (block.row * stride + block.at, stride),
            Self::Lane | Self::Number => (0, block.len),
        }
    }
}
