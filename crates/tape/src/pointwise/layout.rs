//! Where the inputs of a program lie, and in which stretches they are worked through.

use crate::{Inputs, Real};
use smallvec::SmallVec;

/// How many elements an instruction does at a time: enough to forget its jump, few enough for the cache.
pub(super) const STRETCH: usize = 128;

/// Where one input stands: elements `[row · stride + start ..][.. width]` of a variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) variable: usize,
    pub(super) start: usize,
    /// 0 where one row serves all.
    pub(super) stride: usize,
}

/// How the inputs of a program lie in the variables it is applied to.
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) sources: SmallVec<[Source; 16]>,
}

impl Layout {
    /// Variables whose last axes hold `inputs` inputs together.
    pub(super) fn of<T: Real>(inputs: usize, x: Inputs<'_, T>) -> Self {
        let last = |i: usize| x.shape(i).last().copied().unwrap_or(1);
        let width = (0..x.len()).map(last).sum::<usize>() / inputs.max(1);
        let rows = (0..x.len()).map(|i| x[i].len() / last(i).max(1)).max().unwrap_or(0);
        // Where every variable is one input, all rows are as good as one long one.
        let flat = (0..x.len()).all(|i| last(i) == width && x[i].len() == rows * width);
        let (rows, width, flat_width) =
            if flat { (1, rows * width, Some(rows * width)) } else { (rows, width, None) };
        let mut sources = SmallVec::new();
        for variable in 0..x.len() {
            let row = flat_width.unwrap_or_else(|| last(variable));
            let stride = if x[variable].len() == row { 0 } else { row };
            let starts = (0..row).step_by(width.max(1));
            sources.extend(starts.map(|start| Source { variable, start, stride }));
        }
        Self { rows, width, sources }
    }

    /// Where the `k`th array of all rows holds a stretch, if such arrays stand one after the other.
    #[inline(always)]
    pub(super) fn place(&self, k: usize, stretch: Stretch) -> usize {
        k * self.rows * self.width + stretch.whole
    }

    /// The stretches of all rows: the row, where in it the stretch begins, and its length.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let width = self.width;
        (0..self.rows).flat_map(move |row| {
            let starts = (0..width).step_by(STRETCH);
            starts.map(move |at| Stretch {
                row,
                at,
                len: STRETCH.min(width - at),
                whole: row * width + at,
            })
        })
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) row: usize,
    pub(super) at: usize,
    pub(super) len: usize,
    /// Where it begins in an array of all rows.
    pub(super) whole: usize,
}
