//! `y = x`, then `y[.., iₖ, ..] += s[.., k, ..]`, whole slices added along one axis.
//!
//! ```text
//! x̄ += ȳ        s̄[.., k, ..] += ȳ[.., iₖ, ..]
//! ```
//!
//! It is the adjoint of [`index_select`](super::index_select). (PyTorch's factor α is the caller's: `s * α`.)

use super::{along::in_range, index_select::for_each};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::Axis};

/// See the [module](self): the axis, counted from the front. Inputs: `x`, and the source `s`. The indices are
/// recorded with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexAdd(pub usize);

impl<T: Real> Op<T> for IndexAdd {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape, source] = x.shapes()?;
        in_range(x, Axis::of(shape, self.0)?.n)?;
        let mut wanted = Shape::from_slice(shape);
        wanted[self.0] = x.indices().len();
        if source != &wanted[..] {
            return Err(Misfit::new(
                format!("the source must be {:?}", &wanted[..]),
                "give one slice for every index",
            ));
        }
        Ok(shape.into())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.copy_from_slice(&x[0]);
        let Ok(axis) = Axis::of(x.shape(0), self.0) else { return };
        for_each(axis, x.indices(), |from, to, len| {
            for (y, &s) in y[to..to + len].iter_mut().zip(&x[1][from..]) {
                *y += s;
            }
        });
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        if i == 0 {
            return dx.add(dy.iter().copied());
        }
        let dx = dx.sum();
        let Ok(axis) = Axis::of(x.shape(0), self.0) else { return };
        for_each(axis, x.indices(), |to, from, len| {
            for (dx, &dy) in dx[to..to + len].iter_mut().zip(&dy[from..]) {
                *dx += dy;
            }
        });
    }
    fn passes(&self, i: usize, _: Inputs<'_, T>) -> bool {
        i == 0
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// This with the slices of `source` added at `indices` along `axis`, `-1` being the last.
    ///
    /// # Panics
    /// When an index is out of range, or the source has not one slice for each.
    #[track_caller]
    pub fn index_add(self, axis: isize, indices: &[usize], source: Var<'t, T>) -> Var<'t, T> {
        let axis = self.axis("IndexAdd", axis);
        self.tape().apply_indexed(IndexAdd(axis), &[self, source], indices)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::{arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        for (x, axis, source) in
            [(&[2][..], 0, &[3][..]), (&[2, 2], 1, &[2, 3]), (&[2, 0], 0, &[3, 0])]
        {
            crate::gradcheck::function(
                |_, v| v[0].index_add(axis, &[1, 0, 1], v[1]),
                &[wave(x), wave(source)],
            )
            .assert();
        }
    }

    #[test]
    fn repeated_indices_sum_up() {
        let tape = Tape::new();
        let (x, s) = (tape.leaf([1.0, 2.0]), tape.leaf([10.0, 20.0, 30.0]));
        assert_eq!(x.index_add(0, &[1, 0, 1], s).value(), arr1(&[21.0, 42.0]).into_dyn());
        let (x, s) = (tape.zeros(&[2, 2]), tape.leaf(arr2(&[[1.0], [2.0]])));
        let expected = arr2(&[[0.0, 1.0], [0.0, 2.0]]).into_dyn();
        assert_eq!(x.index_add(-1, &[1], s).value(), expected);
    }

    #[test]
    #[should_panic(
        expected = "IndexAdd of [2, 2] and [2]: the source must be [1, 2]; give one slice for every index"
    )]
    fn a_source_that_does_not_fit_is_refused() {
        let tape = Tape::<f64>::new();
        tape.zeros(&[2, 2]).index_add(0, &[0], tape.zeros(&[2]));
    }
}
