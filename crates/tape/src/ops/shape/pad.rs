//! `y = x` within a margin of one value.
//!
//! ```text
//! x̄ += ȳ, without the margin
//! ```

use super::rearrange::{Places, steps};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};
use smallvec::SmallVec;

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Pad<T> {
    /// How wide the margin is before and behind, for each axis.
    pub margins: SmallVec<[(usize, usize); 4]>,
    /// What stands in it.
    pub value: T,
}

impl<T: Real> Pad<T> {
    /// Where the elements of `x` stand in `y`.
    fn places(&self, x: &[usize], y: &[usize]) -> Places {
        let steps = steps(y);
        let margins = self.margins.iter().zip(&steps);
        let start = margins.map(|(&(before, _), &step)| before * step as usize).sum();
        Places { shape: x.into(), start, axes: x.iter().copied().zip(steps).collect() }
    }
}

impl<T: Real> Op<T> for Pad<T> {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        if shape.len() != self.margins.len() {
            return Err(Misfit::new(
                format!("there are margins for {} axes", self.margins.len()),
                "give a pair (before, behind) for every axis, (0, 0) for none",
            ));
        }
        let wide = |(&n, &(before, behind)): (&usize, &(usize, usize))| {
            n.checked_add(before)?.checked_add(behind)
        };
        shape.iter().zip(&self.margins).map(wide).collect::<Option<Shape>>().ok_or_else(|| {
            Misfit::new("a padded axis is longer than can be counted", "use narrower margins")
        })
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Ok(shape) = self.shape(x) else { return };
        y.fill(self.value);
        let mut x_k = x[0].iter();
        self.places(x.shape(0), &shape).for_each(|at| {
            if let Some(&x) = x_k.next() {
                y[at] = x;
            }
        });
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let mut dx = dx.sum().iter_mut();
        self.places(x.shape(0), y.shape()).for_each(|at| {
            if let Some(dx) = dx.next() {
                *dx += dy[at];
            }
        });
    }
}

impl<T: Real> Var<'_, T> {
    /// A margin of `value` around it: for every axis how wide before and how wide behind.
    ///
    /// # Panics
    /// Unless there is a pair for every axis.
    #[track_caller]
    pub fn pad(self, margins: &[(usize, usize)], value: T) -> Self {
        self.apply(Pad { margins: margins.into(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::arr2;

    fn pad(margins: &[(usize, usize)]) -> Pad<f64> {
        Pad { margins: margins.into(), value: 7.0 }
    }

    #[test]
    fn backward_matches_central_differences() {
        crate::gradcheck::op(pad(&[(1, 2), (0, 1)]), &[wave(&[2, 3])]).assert();
        crate::gradcheck::op(pad(&[(0, 0), (3, 0), (1, 1)]), &[wave(&[2, 1, 2])]).assert();
        crate::gradcheck::op(pad(&[(1, 1), (0, 0)]), &[wave(&[0, 2])]).assert();
        crate::gradcheck::op(pad(&[]), &[wave(&[])]).assert();
    }

    #[test]
    fn the_margin_has_the_value() {
        let tape = Tape::new();
        let y = tape.leaf(arr2(&[[1.0, 2.0]])).pad(&[(1, 0), (0, 2)], -1.0);
        let expected = arr2(&[[-1.0, -1.0, -1.0, -1.0], [1.0, 2.0, -1.0, -1.0]]);
        assert_eq!(y.value(), expected.into_dyn());
    }

    #[test]
    fn margins_that_do_not_fit_are_refused() {
        let tape = Tape::new();
        let error = |op| tape.try_apply(op, &[tape.zeros(&[2, 2])]).unwrap_err().to_string();
        assert_eq!(
            error(pad(&[(1, 1)])),
            "Pad of [2, 2]: there are margins for 1 axes; \
             give a pair (before, behind) for every axis, (0, 0) for none"
        );
        assert_eq!(
            error(pad(&[(usize::MAX, 1), (0, 0)])),
            "Pad of [2, 2]: a padded axis is longer than can be counted; use narrower margins"
        );
    }
}
