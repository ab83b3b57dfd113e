//! `y = Σ x / n`, the mean over all axes or some.
//!
//! ```text
//! x̄ₖ += ȳ / n
//! ```
//!
//! The mean of nothing is NaN, as 0/0 is.

use super::sum::{Sum, spread};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Mean(pub Over);

impl<T: Real> Op<T> for Mean {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        self.0.shape(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        Sum(self.0.clone()).forward(x, y, saved);
        let n = T::of(self.0.each(x.shape(0)) as f64);
        for y in y {
            *y /= n;
        }
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let n = T::of(self.0.each(x.shape(0)) as f64);
        spread(&self.0, x, dy, dx, |dy| dy / n);
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
        self.apply(Mean(Over::all()))
    }

    /// The mean along one axis, which disappears; `-1` is the last.
    #[track_caller]
    pub fn mean_axis(self, axis: isize) -> Self {
        self.mean_over(axis)
    }

    /// The mean over an axis, several (`[0, -1]`), or [`Over::all`]; [`Over::keep`] keeps them.
    #[track_caller]
    pub fn mean_over(self, over: impl Into<Over>) -> Self {
        self.reduce(over, Mean)
    }
}

#[test]
fn backward_matches_central_differences() {
    use crate::ops::reduction::examples::{SETS, wave};
    for (shape, axes) in SETS.iter().filter(|(shape, _)| !shape.contains(&0)) {
        crate::gradcheck::op(Mean(Over::from(*axes)), &[wave(shape)]).assert();
    }
    crate::gradcheck::op(Mean(Over::all()), &[wave(&[2, 3, 4])]).assert();
}

#[test]
fn the_mean_of_nothing_is_no_number() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(ndarray::Array2::zeros((0, 2)));
    assert!(x.mean().item().is_nan());
    assert!(x.mean_axis(0).value().iter().all(|y| y.is_nan()));
    assert_eq!(tape.backward(x.mean())[x].len(), 0);
}
