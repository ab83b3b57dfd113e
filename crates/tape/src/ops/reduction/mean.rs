//! `y = Σ x / n`, the mean of everything or along one axis.
//!
//! ```text
//! x̄ₖ += ȳ / n
//! ```

use super::{
    Axis,
    sum::{Sum, around, spread, without},
};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). `axis: None` takes the mean of everything.
#[derive(Debug, Clone, Copy)]
pub struct Mean {
    /// The axis along which to take the mean, counted from the front; it disappears.
    pub axis: Option<usize>,
}

impl<T: Real> Op<T> for Mean {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        without(x, self.axis)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        Sum { axis: self.axis }.forward(x, y, saved);
        let Ok(Axis { n, .. }) = around(x, self.axis) else { return };
        for y in y {
            *y /= T::of(n as f64);
        }
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let Ok(axis) = around(x, self.axis) else { return };
        spread(axis, dy, dx, |dy| dy / T::of(axis.n as f64));
    }
    /// One addition for each element.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        x.value(0).len() as u64
    }
}

impl<T: Real> Var<'_, T> {
    /// The mean of all elements, a single number; NaN of none.
    #[track_caller]
    pub fn mean(self) -> Self {
        self.apply(Mean { axis: None })
    }

    /// The mean along one axis, which disappears; `-1` is the last.
    #[track_caller]
    pub fn mean_axis(self, axis: isize) -> Self {
        self.apply(Mean { axis: Some(self.axis("Mean", axis)) })
    }
}

#[test]
fn backward_matches_central_differences() {
    let x =
        ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| f64::sin((i + 3 * j + 7 * k) as f64));
    for axis in [None, Some(0), Some(1), Some(2)] {
        crate::gradcheck::op(Mean { axis }, &[x.clone().into_dyn()]).assert();
    }
}
