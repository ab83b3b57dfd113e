//! `y = x − ln Σ eˣ` along the last axis, the logarithm of a distribution.
//!
//! ```text
//! x̄ += ȳ − eʸ Σ ȳ
//! ```

use super::softmax::{greatest, rows};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct LogSoftmax;

impl<T: Real> Op<T> for LogSoftmax {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        rows(x)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Some(&n @ 1..) = x.shape(0).last() else { return };
        T::vectorize(
            #[inline(always)]
            || {
                for (x, y) in x[0].chunks_exact(n).zip(y.chunks_exact_mut(n)) {
                    let max = greatest(x);
                    let ln_sum = super::softmax::exponentials(x, max, y).ln();
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = (x - max) - ln_sum;
                    }
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
        let Some(&n @ 1..) = y.shape().last() else { return };
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                let rows = dx.chunks_exact_mut(n).zip(y.chunks_exact(n)).zip(dy.chunks_exact(n));
                for ((dx, y), dy) in rows {
                    let sum: T = dy.iter().copied().sum();
                    for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                        *dx += dy - y.exp() * sum;
                    }
                }
            },
        );
    }
}

impl<T: Real> Var<'_, T> {
    /// `x − ln Σ eˣ` along the last axis.
    #[track_caller]
    pub fn log_softmax(self) -> Self {
        self.apply(LogSoftmax)
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[0.3, -1.2, 2.0], [2.0, -0.5, 0.1]]).into_dyn();
    crate::gradcheck::op(LogSoftmax, &[x]).assert();
}
