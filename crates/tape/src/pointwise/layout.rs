//! Where the inputs of a formula lie, and in which blocks they are worked through.

use crate::{Inputs, Real};
use smallvec::SmallVec;

/// How many elements a step does at a time: enough to forget its jump, few enough for the first cache.
pub(super) const BLOCK: usize = 1024;
/// Where a row is cut, it is cut between vectors.
const VECTOR: usize = 16;

/// Where one input stands: elements `[row · stride + start ..][.. width]` of a variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) variable: usize,
    pub(super) start: usize,
    /// 0 where one row serves all.
    pub(super) stride: usize,
}

/// How the inputs of a formula lie in the variables it is applied to.
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) inputs: SmallVec<[Place; 16]>,
}

impl Layout {
    /// Variables whose last axes hold `inputs` inputs together.
    pub(super) fn of<T: Real>(inputs: usize, x: Inputs<'_, T>) -> Self {
        // In plain loops: this is asked several times for each node, and of a few numbers only.
        let (mut lengths, mut total, mut rows) = (SmallVec::<[[usize; 2]; 8]>::new(), 0, 0);
        for i in 0..x.len() {
            let node = x.node(i);
            let (last, len) = (x.0.lookup.shape(node).last().copied().unwrap_or(1), node.len);
            total += last;
            rows = rows.max(len / last.max(1)); // of its length, not of what stands there: that may be spent
            lengths.push([last, len]);
        }
        let width = total / inputs.max(1);
        // Where every variable is one input, all rows are as good as one long one.
        let whole = rows * width;
        let flat = lengths.iter().all(|&[last, len]| last == width && len == whole);
        let (rows, width) = if flat { (1, whole) } else { (rows, width) };
        let mut places = SmallVec::new();
        for (variable, &[last, len]) in lengths.iter().enumerate() {
            let row = if flat { whole } else { last };
            let stride = if len == row { 0 } else { row };
            let mut start = 0;
            while start < row {
                places.push(Place { variable, start, stride });
                start += width.max(1);
            }
        }
        Self { rows, width, inputs: places }
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
