//! `yₖ = x₀ + … + xₖ`, the running sum along one axis; in reverse `yₖ = xₖ + … + xₙ₋₁`.
//!
//! ```text
//! x̄ += the running sum of ȳ in the other direction
//! ```
//!
//! From a NaN on, everything behind it is NaN; the gradient is not.

use super::Axis;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct CumSum {
    /// The axis, counted from the front.
    pub axis: usize,
    /// Sum from the end.
    pub reverse: bool,
}

impl CumSum {
    /// Runs through every lane in the direction of summation: `visit(k, is it the first?)`.
    fn for_each(self, shape: &[usize], reverse: bool, mut visit: impl FnMut(usize, bool)) {
        let Ok(Axis { outer, n, inner }) = Axis::of(shape, self.axis) else { return };
        for lane in 0..outer * inner {
            let (p, q) = (lane / inner, lane % inner);
            for i in 0..n {
                let at = if reverse { n - 1 - i } else { i };
                visit((p * n + at) * inner + q, i == 0);
            }
        }
    }
}

impl<T: Real> Op<T> for CumSum {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        Axis::of(shape, self.axis).map(|_| shape.into())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let mut sum = T::ZERO;
        self.for_each(x.shape(0), self.reverse, |k, first| {
            sum = if first { x[0][k] } else { sum + x[0][k] };
            y[k] = sum;
        });
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (dx, mut sum) = (dx.sum(), T::ZERO);
        self.for_each(x.shape(0), !self.reverse, |k, first| {
            sum = if first { dy[k] } else { sum + dy[k] };
            dx[k] += sum;
        });
    }
}

impl<T: Real> Var<'_, T> {
    /// The running sum along `axis`, `-1` being the last: `yₖ = x₀ + … + xₖ`.
    #[track_caller]
    pub fn cumsum(self, axis: isize) -> Self {
        self.apply(CumSum { axis: self.axis("CumSum", axis), reverse: false })
    }

    /// The running sum along `axis` from its end: `yₖ = xₖ + … + xₙ₋₁`.
    #[track_caller]
    pub fn cumsum_reverse(self, axis: isize) -> Self {
        self.apply(CumSum { axis: self.axis("CumSum", axis), reverse: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::reduction::examples::wave;

    #[test]
    fn backward_matches_central_differences() {
        for shape in [&[4][..], &[2, 3, 4], &[1, 3], &[3, 1], &[0, 2]] {
            for axis in 0..shape.len() {
                for reverse in [false, true] {
                    crate::gradcheck::op(CumSum { axis, reverse }, &[wave(shape)]).assert();
                }
            }
        }
    }

    #[test]
    fn sums_run_from_either_end() {
        let tape = crate::Tape::new();
        let x = tape.leaf([1.0, 2.0, 4.0]);
        assert_eq!(x.cumsum(0).value(), ndarray::arr1(&[1.0, 3.0, 7.0]).into_dyn());
        assert_eq!(x.cumsum_reverse(-1).value(), ndarray::arr1(&[7.0, 6.0, 4.0]).into_dyn());
    }

    #[test]
    #[should_panic(expected = "CumSum: axis 1 of an array of rank 1; axes count from 0")]
    fn an_axis_that_is_not_there_is_named() {
        crate::Tape::new().leaf([1.0]).cumsum(1);
    }
}
