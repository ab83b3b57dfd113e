//! `y = x − ln Σ eˣ` along an axis, the logarithm of a distribution.
//!
//! ```text
//! x̄ += ȳ − eʸ Σ ȳ
//! ```
//!
//! Infinities and NaN act as in [`softmax`](super::softmax); what has share 0 there is `−∞` here.

use super::softmax::{along, exponentials, greatest, line_exponentials, lines};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::Axis};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct LogSoftmax {
    /// The axis, counted from the front, along which the shares sum to 1.
    pub axis: usize,
}

impl<T: Real> Op<T> for LogSoftmax {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        along(x, self.axis)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Ok(axis @ Axis { n: 1.., .. }) = Axis::of(x.shape(0), self.axis) else { return };
        T::vectorize(
            #[inline(always)]
            || {
                if axis.inner == 1 {
                    for (x, y) in x[0].chunks_exact(axis.n).zip(y.chunks_exact_mut(axis.n)) {
                        let max = greatest(x);
                        let ln_sum = exponentials(x, max, y).ln();
                        for (y, &x) in y.iter_mut().zip(x) {
                            *y = (x - max) - ln_sum;
                        }
                    }
                    return;
                }
                for line in lines(axis) {
                    let (max, sum) = line_exponentials(&x[0], line.clone(), |_, _| {});
                    let ln_sum = sum.ln();
                    line.for_each(|k| y[k] = (x[0][k] - max) - ln_sum);
                }
            },
        );
    }
    fn backward(
        &self,
        _: usize,
        _: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let Ok(axis @ Axis { n: 1.., .. }) = Axis::of(y.shape(), self.axis) else { return };
        let n = axis.n;
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                if axis.inner == 1 {
                    let rows =
                        dx.chunks_exact_mut(n).zip(y.chunks_exact(n)).zip(dy.chunks_exact(n));
                    for ((dx, y), dy) in rows {
                        let sum: T = dy.iter().copied().sum();
                        for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                            *dx += dy - y.exp() * sum;
                        }
                    }
                    return;
                }
                for line in lines(axis) {
                    let sum: T = line.clone().map(|k| dy[k]).sum();
                    line.for_each(|k| dx[k] += dy[k] - y[k].exp() * sum);
                }
            },
        );
    }
    /// Maximum, subtraction, exponential, sum, subtraction.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        5 * x.value(0).len() as u64
    }
}

impl<T: Real> Var<'_, T> {
    /// `x − ln Σ eˣ` along the last axis.
    #[track_caller]
    pub fn log_softmax(self) -> Self {
        self.log_softmax_axis(-1)
    }

    /// `x − ln Σ eˣ` along one axis; `-1` is the last, and the fastest.
    #[track_caller]
    pub fn log_softmax_axis(self, axis: isize) -> Self {
        self.apply(LogSoftmax { axis: self.axis("LogSoftmax", axis) })
    }
}

#[test]
fn backward_matches_central_differences() {
    let x =
        ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| f64::sin((i + 3 * j + 7 * k) as f64));
    for axis in 0..3 {
        crate::gradcheck::op(LogSoftmax { axis }, &[x.clone().into_dyn()]).assert();
    }
}

#[test]
fn it_is_the_logarithm_of_softmax_along_every_axis() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| (i * j + 2 * k) as f64));
    for axis in 0..3 {
        let gap = x.log_softmax_axis(axis) - x.softmax_axis(axis).ln();
        assert!(gap.value().iter().all(|d| d.abs() < 1e-14));
    }
}
