//! `y[i, k, j] = x[i, iₖ, j]`, one element for each entry of an array of indices along an axis.
//!
//! ```text
//! x̄[i, iₖ, j] += ȳ[i, k, j]
//! ```
//!
//! The indices have as many axes as `x`, none longer but the one they run along (PyTorch's `gather`, NumPy's
//! `take_along_axis`). An element taken twice gathers both gradients.

use super::along::{check, for_each, parts};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};
use ndarray::{ArrayBase, Data, Dimension};

/// See the [module](self). The indices are recorded with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// The axis along which the indices count, from the front.
    pub axis: usize,
    /// The shape of the indices, and of the result.
    pub at: Shape,
}

impl<T: Real> Op<T> for Gather {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        check(x, shape, self.axis, &self.at)?;
        Ok(self.at.clone())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for_each(x.shape(0), self.axis, &self.at, x.indices(), |k, at| y[k] = x[0][at]);
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
        for_each(x.shape(0), self.axis, &self.at, x.indices(), |k, at| dx[at] += dy[k]);
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The elements at `indices` along `axis`, `-1` being the last; the result has the shape of the indices.
    ///
    /// # Panics
    /// When the indices have another rank, reach beyond another axis, or one is out of range.
    #[track_caller]
    pub fn gather<S, D>(self, axis: isize, indices: &ArrayBase<S, D>) -> Var<'t, T>
    where
        S: Data<Elem = usize>,
        D: Dimension,
    {
        let (axis, (at, indices)) = (self.axis("Gather", axis), parts(indices));
        self.tape().apply_indexed(Gather { axis, at }, &[self], &indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, gradcheck::function as check, ops::reduction::examples::wave};
    use ndarray::{Array2, Array3, arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        check(|_, x| x[0].gather(0, &arr2(&[[2, 0], [1, 0]])), &[wave(&[3, 3])]).assert();
        check(|_, x| x[0].gather(-1, &arr2(&[[2, 0, 2, 2]])), &[wave(&[2, 3])]).assert();
        let cube = Array3::from_shape_fn((2, 4, 1), |(i, k, _)| (i + k) % 3);
        check(|_, x| x[0].gather(1, &cube), &[wave(&[2, 3, 2])]).assert();
        check(|_, x| x[0].gather(0, &Array2::zeros((0, 2))), &[wave(&[3, 2])]).assert();
    }

    #[test]
    fn indices_count_along_one_axis_only() {
        let tape = Tape::new();
        let x = tape.leaf(arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
        let y = x.gather(0, &arr2(&[[2, 1], [0, 0]]));
        assert_eq!(y.value(), arr2(&[[5.0, 4.0], [1.0, 2.0]]).into_dyn());
        let y = x.gather(1, &arr2(&[[1, 1, 0]]));
        assert_eq!(y.value(), arr2(&[[2.0, 2.0, 1.0]]).into_dyn());
        assert_eq!(
            tape.backward(y.sum())[x],
            arr2(&[[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]).into_dyn()
        );
    }

    #[test]
    fn wrong_indices_are_named() {
        let tape = Tape::<f64>::new();
        let error = |at: &[usize], indices: &[usize]| {
            let gather = Gather { axis: 1, at: at.into() };
            tape.try_apply_indexed(gather, &[tape.zeros(&[2, 3])], indices).unwrap_err().to_string()
        };
        assert_eq!(
            error(&[1, 2], &[0, 3]),
            "Gather of [2, 3]: there is no index 3 among 3; indices count from 0"
        );
        let beyond = "the indices are [3, 1]; but for axis 1 they must not reach beyond it; \
                      give indices with as many axes, none longer";
        assert_eq!(error(&[3, 1], &[0; 3]), format!("Gather of [2, 3]: {beyond}"));
        assert!(error(&[2], &[0; 2]).contains("as many axes"));
    }

    #[test]
    #[should_panic(expected = "Gather: axis 1 of an array of rank 1")]
    fn an_axis_that_is_not_there_is_named() {
        Tape::new().leaf([1.0]).gather(1, &arr1(&[0]));
    }
}
