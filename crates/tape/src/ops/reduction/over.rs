//! The axes that a reduction takes away.

use crate::{
    Misfit, Real, Shape, Var,
    shape::{self, Run},
};
use smallvec::SmallVec;

/// Which axes a reduction runs over, and whether they stay behind with length 1.
///
/// ```
/// use tape::{Over, Tape};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(ndarray::Array3::ones((2, 3, 4)));
/// assert_eq!(x.sum_over(-1).shape()[..], [2, 3]);
/// assert_eq!(x.sum_over([0, 2]).shape()[..], [3]);
/// assert_eq!(x.sum_over(Over::from([0, 2]).keep()).shape()[..], [1, 3, 1]);
/// assert_eq!(x.sum_over(Over::all()).item(), 24.0);
/// ```
///
/// Axes count from 0, or from −1 backwards. An empty list means no axis, as in NumPy: every element is
/// reduced alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    axes: Option<SmallVec<[isize; 4]>>,
    keep: bool,
}

impl Over {
    /// Every axis: the result is one number.
    pub fn all() -> Self {
        Self { axes: None, keep: false }
    }

    /// The reduced axes stay, with length 1, so that the result stretches against what was reduced.
    pub fn keep(self) -> Self {
        Self { keep: true, ..self }
    }

    /// `shape` with a 1 for every reduced axis.
    pub(crate) fn kept(&self, shape: &[usize]) -> Result<Shape, Misfit> {
        let mut taken = SmallVec::<[bool; 8]>::from_elem(self.axes.is_none(), shape.len());
        for &index in self.axes.iter().flatten() {
            let axis = if index < 0 { index + shape.len() as isize } else { index };
            let Some(taken) = usize::try_from(axis).ok().and_then(|axis| taken.get_mut(axis))
            else {
                return Err(Misfit::new(
                    format!("there is no axis {index} among {}", shape.len()),
                    "axes count from 0, or from −1 backwards",
                ));
            };
            if std::mem::replace(taken, true) {
                return Err(Misfit::new(
                    format!("axis {index} is named twice"),
                    "name each axis once",
                ));
            }
        }
        Ok(shape.iter().zip(&taken).map(|(&n, &taken)| if taken { 1 } else { n }).collect())
    }

    /// The shape of the result.
    pub(crate) fn shape(&self, shape: &[usize]) -> Result<Shape, Misfit> {
        let kept = self.kept(shape)?;
        let rank = shape.len() as isize;
        let Some(axes) = &self.axes else {
            return Ok(if self.keep { kept } else { Shape::new() });
        };
        let stays = |axis: isize| self.keep || !axes.iter().any(|&a| a.rem_euclid(rank) == axis);
        Ok((0..).zip(kept).filter(|&(axis, _)| stays(axis)).map(|(_, n)| n).collect())
    }

    /// [`shape`](Over::shape) for a reduction that nothing cannot have, as "nothing has no greatest element".
    pub(crate) fn shape_of_some(
        &self,
        shape: &[usize],
        rule: &'static str,
    ) -> Result<Shape, Misfit> {
        let out = self.shape(shape)?;
        if shape::len(shape) == 0 && shape::len(&out) > 0 {
            return Err(Misfit::new(rule, "reduce over axes that have a length"));
        }
        Ok(out)
    }

    /// How many results there are.
    pub(crate) fn results(&self, shape: &[usize]) -> usize {
        self.kept(shape).map_or(0, |kept| shape::len(&kept))
    }

    /// How many elements go into each result.
    pub(crate) fn each(&self, shape: &[usize]) -> usize {
        let Ok(kept) = self.kept(shape) else { return 0 };
        shape.iter().zip(&kept).filter(|&(_, &kept)| kept == 1).map(|(&n, _)| n).product()
    }

    /// Visits an array of this shape in contiguous runs: `a` are the elements' places, `b` those of
    /// the results that they go into.
    #[inline(always)]
    pub(crate) fn for_each_run(&self, shape: &[usize], visit: impl FnMut(Run)) {
        let Ok(kept) = self.kept(shape) else { return };
        shape::for_each_run(shape, shape, &kept, visit);
    }

    /// Visits every element's place, in order, with that of the result which it goes into.
    #[inline(always)]
    pub(crate) fn for_each(&self, shape: &[usize], mut visit: impl FnMut(usize, usize)) {
        self.for_each_run(shape, |run| {
            for k in 0..run.len {
                visit(run.a + k, run.b + k * run.b_step);
            }
        });
    }
}

impl From<isize> for Over {
    fn from(axis: isize) -> Self {
        Self::from([axis])
    }
}

impl<const N: usize> From<[isize; N]> for Over {
    fn from(axes: [isize; N]) -> Self {
        Self::from(&axes[..])
    }
}

impl From<&[isize]> for Over {
    fn from(axes: &[isize]) -> Self {
        Self { axes: Some(SmallVec::from_slice(axes)), keep: false }
    }
}

impl<T: Real> Var<'_, T> {
    /// Records a reduction: what all of them share.
    #[track_caller]
    pub(super) fn reduce<O: crate::Op<T>>(self, over: impl Into<Over>, op: fn(Over) -> O) -> Self {
        self.apply(op(over.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_goes_into_the_result_that_its_other_axes_name() {
        let mut seen = vec![];
        Over::from([0, -1]).for_each(&[2, 3, 2], |k, j| seen.push((k, j)));
        let expected: Vec<_> = (0..12).map(|k| (k, k / 2 % 3)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn no_axis_and_axes_of_length_1_and_0() {
        let over = |axes: &[isize], shape: &[usize]| {
            let over = Over::from(axes);
            let shapes = (over.shape(shape).unwrap(), over.clone().keep().shape(shape).unwrap());
            (shapes.0.to_vec(), shapes.1.to_vec(), over.results(shape), over.each(shape))
        };
        assert_eq!(over(&[], &[2, 1]), (vec![2, 1], vec![2, 1], 2, 1));
        assert_eq!(over(&[1], &[2, 1]), (vec![2], vec![2, 1], 2, 1));
        assert_eq!(over(&[0], &[0, 3]), (vec![3], vec![1, 3], 3, 0));
        assert_eq!(over(&[1], &[0, 3]), (vec![0], vec![0, 1], 0, 3));
    }

    #[test]
    fn wrong_axes_are_named() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.zeros(&[2, 3]);
        let error = |axes: &[isize]| {
            let sum = crate::ops::reduction::sum::Sum(Over::from(axes));
            tape.try_apply(sum, &[x]).unwrap_err().to_string()
        };
        assert_eq!(
            error(&[2]),
            "Sum of [2, 3]: there is no axis 2 among 2; axes count from 0, or from −1 backwards"
        );
        assert_eq!(error(&[1, -1]), "Sum of [2, 3]: axis -1 is named twice; name each axis once");
    }
}
