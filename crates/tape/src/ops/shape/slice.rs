//! `y = x[.., start..end, ..]`, a stretch of one axis.
//!
//! ```text
//! x̄[.., start..end, ..] += ȳ
//! ```

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::Axis};
use std::{ops::Range, panic::Location};

/// See the [module](self). Along the first axis it shares the memory of its input.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// The axis, counted from the front.
    pub axis: usize,
    /// The first index that is kept.
    pub start: usize,
    /// The first index behind it that is not.
    pub end: usize,
    /// Drop the axis, which must have length 1 then.
    pub select: bool,
}

impl Slice {
    /// The kept stretches of `x`, in order: one for every index before the axis.
    fn stretches<T: Real>(&self, x: Inputs<'_, T>) -> impl Iterator<Item = Range<usize>> {
        let (outer, n, inner) = match Axis::of(x.shape(0), self.axis) {
            Ok(Axis { outer, n, inner }) => (outer, n, inner),
            Err(_) => (0, 0, 0),
        };
        let Self { start, end, .. } = *self;
        (0..outer).map(move |p| (p * n + start) * inner..(p * n + end) * inner)
    }
}

impl<T: Real> Op<T> for Slice {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        let Some(&n) = shape.get(self.axis) else { return Err(Axis::missing(shape, self.axis)) };
        if self.start > self.end || self.end > n {
            return Err(Misfit::new(
                format!(
                    "{}..{} is not within axis {} of length {n}",
                    self.start, self.end, self.axis
                ),
                "a stretch starts before it ends, and ends within the axis",
            ));
        }
        let mut shape = Shape::from_slice(shape);
        shape[self.axis] = self.end - self.start;
        if self.select {
            shape.remove(self.axis);
        }
        Ok(shape)
    }
    fn view(&self, x: Inputs<'_, T>) -> Option<usize> {
        let leading = x.shape(0)[..self.axis].iter().all(|&n| n == 1);
        leading.then(|| self.start * x.shape(0)[self.axis + 1..].iter().product::<usize>())
    }
    fn passes(&self, _: usize, x: Inputs<'_, T>) -> bool {
        self.view(x).is_some()
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let mut at = 0;
        for stretch in self.stretches(x) {
            let next = at + stretch.len();
            y[at..next].copy_from_slice(&x[0][stretch]);
            at = next;
        }
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                let mut at = 0;
                for stretch in self.stretches(x) {
                    let next = at + stretch.len();
                    for (dx, &dy) in dx[stretch].iter_mut().zip(&dy[at..next]) {
                        *dx += dy;
                    }
                    at = next;
                }
            },
        );
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// The stretch `range` of one axis; `-1` is the last.
    #[track_caller]
    pub fn slice(self, axis: isize, range: Range<usize>) -> Self {
        let axis = self.axis("Slice", axis);
        self.apply(Slice { axis, start: range.start, end: range.end, select: false })
    }

    /// The part at one `index` of an axis, which disappears; `-1` is the last.
    #[track_caller]
    pub fn select(self, axis: isize, index: usize) -> Self {
        if axis == 0
            && let Some(part) = self.part(index, Location::caller())
        {
            return part;
        }
        let axis = self.axis("Slice", axis);
        self.apply(Slice { axis, start: index, end: index.saturating_add(1), select: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Axis, Slice as Range};

    #[test]
    fn backward_matches_central_differences() {
        let x = Array::from_shape_fn((3, 4, 2), |(i, j, k)| f64::sin((i + 3 * j + 7 * k) as f64))
            .into_dyn();
        for axis in 0..3 {
            for select in [false, true] {
                crate::gradcheck::op(
                    Slice { axis, start: 1, end: 2, select },
                    std::slice::from_ref(&x),
                )
                .assert();
            }
        }
        crate::gradcheck::op(Slice { axis: 1, start: 1, end: 4, select: false }, &[x]).assert();
    }

    #[test]
    fn a_slice_of_a_slice_is_what_ndarray_takes() {
        let tape = crate::Tape::new();
        let x = Array::from_shape_fn((4, 5), |(i, j)| (10 * i + j) as f64);
        let rows = x.slice_axis(Axis(0), Range::from(1..3));
        let expected = rows.slice_axis(Axis(1), Range::from(2..5)).to_owned().into_dyn();
        assert_eq!(tape.leaf(&x).slice(0, 1..3).slice(-1, 2..5).value(), expected);
        assert_eq!(
            tape.leaf(&x).slice(0, 1..3).select(0, 1).value(),
            x.row(2).to_owned().into_dyn()
        );
    }
}
