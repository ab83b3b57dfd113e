//! `y[k] = x[iₖ]`, rows looked up in a table: an embedding.
//!
//! ```text
//! x̄[iₖ] += ȳ[k]
//! ```

use crate::{
    Adjoint, Error, Inputs, Misfit, Op, Output, Real, Result, Shape, Var, error::or_panic,
};

/// See the [module](self). The indices are recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct GatherRows;

impl GatherRows {
    /// The shape of the rows at `indices`.
    pub(super) fn rows_of(table: &[usize], indices: &[usize]) -> Result<Shape, Misfit> {
        let Some((&rows, _)) = table.split_first() else {
            return Err(Misfit::new(
                "a number has no rows",
                "look rows up in an array of rank 1 or more",
            ));
        };
        if let Some(wrong) = indices.iter().find(|&&i| i >= rows) {
            return Err(Misfit::new(
                format!("there is no row {wrong} among {rows}"),
                "rows count from 0",
            ));
        }
        let mut shape = Shape::from_slice(table);
        shape[0] = indices.len();
        Ok(shape)
    }
}

impl<T: Real> Op<T> for GatherRows {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [table] = x.shapes()?;
        Self::rows_of(table, x.indices())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let width = x.shape(0)[1..].iter().product::<usize>();
        for (k, &i) in x.indices().iter().enumerate() {
            y[k * width..][..width].copy_from_slice(&x[0][i * width..][..width]);
        }
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let width = x.shape(0)[1..].iter().product::<usize>();
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                for (k, &i) in x.indices().iter().enumerate() {
                    for (dx, &dy) in
                        dx[i * width..][..width].iter_mut().zip(&dy[k * width..][..width])
                    {
                        *dx += dy;
                    }
                }
            },
        );
    }
    fn reads(&self, _: usize, _: Inputs<'_, T>) -> bool {
        false
    }
    fn reads_output(&self) -> bool {
        false
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// The rows at `indices`, in their order: `[N, …] → [indices, …]`.
    #[track_caller]
    pub fn gather_rows(self, indices: &[usize]) -> Self {
        or_panic(self.try_gather_rows(indices))
    }

    /// [`gather_rows`](Var::gather_rows), or [`Error::Shape`] when an index is out of range.
    #[track_caller]
    pub fn try_gather_rows(self, indices: &[usize]) -> Result<Self, Error> {
        self.tape().try_apply_indexed(GatherRows, &[self], indices)
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[0.3, -1.2], [2.0, -0.5], [1.1, 0.4]]).into_dyn();
    crate::gradcheck::function(|_, x| x[0].gather_rows(&[2, 0, 2, 2]), &[x]).assert();
}

#[test]
fn an_index_out_of_range_is_named() {
    let tape = crate::Tape::<f64>::new();
    let table = tape.leaf(ndarray::Array2::zeros((3, 2)));
    let error = table.try_gather_rows(&[0, 3]).unwrap_err().to_string();
    assert_eq!(error, "GatherRows of [3, 2]: there is no row 3 among 3; rows count from 0");
}
