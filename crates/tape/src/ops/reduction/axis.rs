//! One axis of an array, and what stands before and behind it.

use crate::{Error, Misfit, Real, Var};

/// An array read as `[outer, n, inner]`, with the axis in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) outer: usize,
    pub(crate) n: usize,
    pub(crate) inner: usize,
}

impl Axis {
    /// Reads `shape` around `axis`, which counts from the front.
    pub(crate) fn of(shape: &[usize], axis: usize) -> Result<Self, Misfit> {
        if axis >= shape.len() {
            return Err(Self::missing(shape, axis));
        }
        let (outer, rest) = shape.split_at(axis);
        Ok(Self { outer: outer.iter().product(), n: rest[0], inner: rest[1..].iter().product() })
    }

    #[cold]
    pub(crate) fn missing(shape: &[usize], axis: usize) -> Misfit {
        Misfit::new(
            format!("there is no axis {axis} among {}", shape.len()),
            "axes count from 0, or from −1 backwards",
        )
    }

    /// The axis that `index` means in an array of rank `rank`: negative ones count from the back.
    pub(crate) fn resolve(op: &'static str, index: isize, rank: usize) -> Result<usize, Error> {
        let axis = if index < 0 { index + rank as isize } else { index };
        if (0..rank as isize).contains(&axis) {
            return Ok(axis as usize);
        }
        Err(Error::Argument {
            op,
            what: format!("axis {index} of an array of rank {rank}"),
            remedy: "axes count from 0 up to the rank, or from −1 backwards",
        })
    }
}

impl<T: Real> Var<'_, T> {
    /// The axis of this variable that `index` means.
    #[track_caller]
    pub(crate) fn axis(self, op: &'static str, index: isize) -> usize {
        crate::error::or_panic(Axis::resolve(op, index, self.rank()))
    }
}
