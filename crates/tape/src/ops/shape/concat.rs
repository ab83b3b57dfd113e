//! `y = [x₀, x₁, …]`, joined along one axis.
//!
//! ```text
//! x̄ᵢ += the stretch of ȳ that came from xᵢ
//! ```

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Tape, Var, ops::reduction::Axis};

/// See the [module](self). The axis counts from the front.
#[derive(Debug, Clone, Copy)]
pub struct Concat(pub usize);

impl Concat {
    /// How many contiguous elements input `i` puts between two of its neighbours'.
    fn chunk<T: Real>(self, x: Inputs<'_, T>, i: usize) -> usize {
        x.shape(i)[self.0..].iter().product()
    }
}

impl<T: Real> Op<T> for Concat {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        if x.len() == 0 {
            return Err(Misfit::new("there is nothing to join", "give at least one variable"));
        }
        let mut shape = Shape::from_slice(x.shape(0));
        Axis::of(&shape, self.0)?;
        shape[self.0] = 0;
        for i in 0..x.len() {
            let other = x.shape(i);
            let fits = other.len() == shape.len()
                && other
                    .iter()
                    .zip(&shape)
                    .enumerate()
                    .all(|(axis, (a, b))| axis == self.0 || a == b);
            if !fits {
                return Err(Misfit::new(
                    format!("input {i} differs from the first elsewhere than on axis {}", self.0),
                    "only the joined axis may differ",
                ));
            }
            shape[self.0] = shape[self.0].checked_add(other[self.0]).ok_or_else(|| {
                Misfit::new("the joined axis is longer than can be counted", "join less")
            })?;
        }
        Ok(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let row: usize = (0..x.len()).map(|i| self.chunk(x, i)).sum();
        let mut at = 0;
        for i in 0..x.len() {
            let chunk = self.chunk(x, i);
            if chunk > 0 {
                for (y, x) in y.chunks_exact_mut(row).zip(x[i].chunks_exact(chunk)) {
                    y[at..at + chunk].copy_from_slice(x);
                }
            }
            at += chunk;
        }
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let row: usize = (0..x.len()).map(|i| self.chunk(x, i)).sum();
        let at: usize = (0..i).map(|i| self.chunk(x, i)).sum();
        let chunk = self.chunk(x, i);
        let dx = dx.sum();
        if chunk > 0 {
            for (dx, dy) in dx.chunks_exact_mut(chunk).zip(dy.chunks_exact(row)) {
                for (dx, &dy) in dx.iter_mut().zip(&dy[at..at + chunk]) {
                    *dx += dy;
                }
            }
        }
    }
    fn joins(&self, _: Inputs<'_, T>) -> bool {
        self.0 == 0
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Tape<T> {
    /// `parts` joined along `axis`, on which alone they may differ; `-1` is the last.
    ///
    /// # Panics
    /// When there are none, or they differ elsewhere.
    #[track_caller]
    pub fn concat<'t>(&'t self, axis: isize, parts: &[Var<'t, T>]) -> Var<'t, T> {
        let axis = parts.first().map_or(0, |first| first.axis("Concat", axis));
        self.apply(Concat(axis), parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    #[test]
    fn backward_matches_central_differences() {
        let wave = |a, b, c| {
            Array::from_shape_fn((a, b, c), |(i, j, k)| f64::sin((i + 3 * j + 7 * k) as f64))
                .into_dyn()
        };
        crate::gradcheck::op(Concat(0), &[wave(1, 2, 3), wave(2, 2, 3)]).assert();
        crate::gradcheck::op(Concat(1), &[wave(2, 1, 3), wave(2, 0, 3), wave(2, 4, 3)]).assert();
        crate::gradcheck::op(Concat(2), &[wave(2, 2, 3), wave(2, 2, 1)]).assert();
    }

    #[test]
    fn parts_are_joined_as_ndarray_joins_them() {
        let tape = crate::Tape::new();
        let (a, b) = (ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0]]), ndarray::arr2(&[[5.0], [6.0]]));
        let expected = ndarray::concatenate![ndarray::Axis(1), a, b].into_dyn();
        assert_eq!(tape.concat(-1, &[tape.leaf(&a), tape.leaf(&b)]).value(), expected);
    }
}
