//! Where the inputs of a formula lie, and in which blocks they are worked through.

use crate::{Inputs, Real};
use smallvec::SmallVec;

/// How many elements a step does at a time: enough to forget its jump, few enough for the first cache.
pub(super) const BLOCK: usize = 512;
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
        let last = |i: usize| x.shape(i).last().copied().unwrap_or(1);
        let width = (0..x.len()).map(last).sum::<usize>() / inputs.max(1);
        let len = |i: usize| x.node(i).len; // and not of what stands there: that may be spent
        let rows = (0..x.len()).map(|i| len(i) / last(i).max(1)).max().unwrap_or(0);
        // Where every variable is one input, all rows are as good as one long one.
        let flat = (0..x.len()).all(|i| last(i) == width && len(i) == rows * width);
        let (rows, width, flat_width) =
            if flat { (1, rows * width, Some(rows * width)) } else { (rows, width, None) };
        let mut inputs = SmallVec::new();
        for variable in 0..x.len() {
            let row = flat_width.unwrap_or_else(|| last(variable));
            let stride = if len(variable) == row { 0 } else { row };
            let starts = (0..row).step_by(width.max(1));
            inputs.extend(starts.map(|start| Place { variable, start, stride }));
        }
        Self { rows, width, inputs }
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
