//! `y[.., k, ..] = x[.., iₖ, ..]`, whole slices looked up along one axis.
//!
//! ```text
//! x̄[.., iₖ, ..] += ȳ[.., k, ..]
//! ```
//!
//! ([`gather_rows`](Var::gather_rows) is that of the first axis; [`gather`](Var::gather) looks up single elements.)

use super::along::in_range;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::Axis};

/// See the [module](self): the axis, counted from the front. The indices are recorded with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexSelect(pub usize);

/// Visits the pairs of slices: where each starts in an array of `indices` slices and in one of `n`, and their
/// length.
pub(super) fn for_each(
    Axis { outer, n, inner }: Axis,
    indices: &[usize],
    mut visit: impl FnMut(usize, usize, usize),
) {
    for p in 0..outer {
        for (k, i) in indices.iter().enumerate() {
            visit((p * indices.len() + k) * inner, (p * n + i) * inner, inner);
        }
    }
}

impl<T: Real> Op<T> for IndexSelect {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        in_range(x, Axis::of(shape, self.0)?.n)?;
        let mut shape = Shape::from_slice(shape);
        shape[self.0] = x.indices().len();
        Ok(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Ok(axis) = Axis::of(x.shape(0), self.0) else { return };
        for_each(axis, x.indices(), |to, from, len| {
            y[to..to + len].copy_from_slice(&x[0][from..from + len]);
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
        let dx = dx.sum();
        let Ok(axis) = Axis::of(x.shape(0), self.0) else { return };
        for_each(axis, x.indices(), |from, to, len| {
            for (dx, &dy) in dx[to..to + len].iter_mut().zip(&dy[from..]) {
                *dx += dy;
            }
        });
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The slices at `indices` along `axis`, in their order; `-1` is the last axis.
    ///
    /// # Panics
    /// When an index is out of range.
    #[track_caller]
    pub fn index_select(self, axis: isize, indices: &[usize]) -> Var<'t, T> {
        let axis = self.axis("IndexSelect", axis);
        self.tape().apply_indexed(IndexSelect(axis), &[self], indices)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::Axis as Along;

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axis) in [(&[3][..], 0), (&[3, 2], 0), (&[2, 3, 2], 1), (&[0, 3], 1)] {
            for indices in [&[2, 0, 2, 2][..], &[1], &[]] {
                crate::gradcheck::function(|_, x| x[0].index_select(axis, indices), &[wave(shape)])
                    .assert();
            }
        }
    }

    #[test]
    fn slices_are_taken_as_ndarray_takes_them() {
        let (tape, x) = (Tape::new(), wave(&[2, 3, 4]));
        for (axis, indices) in [(0, vec![1, 1, 0]), (1, vec![2]), (2, vec![3, 0, 0, 1, 2])] {
            let y = tape.leaf(&x).index_select(axis as isize, &indices);
            assert_eq!(y.value(), x.select(Along(axis), &indices));
        }
    }

    #[test]
    #[should_panic(
        expected = "IndexSelect of [2, 3]: there is no index 3 among 3; indices count from 0"
    )]
    fn an_index_out_of_range_is_named() {
        Tape::<f64>::new().zeros(&[2, 3]).index_select(-1, &[0, 3]);
    }
}
