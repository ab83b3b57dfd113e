//! `y[k] = x[iₖ] + b`, rows looked up and shifted: a product of rows of zeros and a one with `x`, and a bias.
//!
//! ```text
//! x̄[iₖ] += ȳ[k]        b̄ += Σₖ ȳ[k]
//! ```

use super::gather_rows::GatherRows;
use crate::{
    Adjoint, Error, Inputs, Misfit, Op, Output, Real, Result, Shape, Var, error::or_panic,
};

/// See the [module](self). The indices are recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct GatherAffine;

impl<T: Real> Op<T> for GatherAffine {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [table, bias] = x.shapes()?;
        let shape = GatherRows::rows_of(table, x.indices())?;
        if table[1..] != *bias {
            let rule = format!("a bias of {bias:?} fits no row of {:?}", &table[1..]);
            return Err(Misfit::new(rule, "give a bias of the shape of one row"));
        }
        Ok(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let (table, bias) = (x.value(0), x.value(1));
        let width = bias.len();
        T::vectorize(
            #[inline(always)]
            || {
                for (y, &i) in y.chunks_exact_mut(width.max(1)).zip(x.indices()) {
                    let row = &table[i * width..][..width];
                    for ((y, &row), &bias) in y.iter_mut().zip(row).zip(bias) {
                        *y = row + bias;
                    }
                }
            },
        );
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (width, dx) = (x.node(1).len, dx.sum());
        T::vectorize(
            #[inline(always)]
            || {
                for (dy, &at) in dy.chunks_exact(width.max(1)).zip(x.indices()) {
                    let start = if i == 0 { at * width } else { 0 };
                    for (dx, &dy) in dx[start..][..width].iter_mut().zip(dy) {
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
}

impl<T: Real> Var<'_, T> {
    /// The rows at `indices`, in their order, each plus the bias: `[N, …], […] → [indices, …]`.
    #[track_caller]
    pub fn gather_affine(self, indices: &[usize], bias: Self) -> Self {
        or_panic(self.try_gather_affine(indices, bias))
    }

    /// [`gather_affine`](Var::gather_affine), or [`Error::Shape`] when an index is out of range or the bias is no row.
    #[track_caller]
    pub fn try_gather_affine(self, indices: &[usize], bias: Self) -> Result<Self, Error> {
        self.tape().try_apply_indexed(GatherAffine, &[self, bias], indices)
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[0.3, -1.2], [2.0, -0.5], [1.1, 0.4]]).into_dyn();
    let b = ndarray::arr1(&[0.7, -0.1]).into_dyn();
    crate::gradcheck::function(|_, x| x[0].gather_affine(&[2, 0, 2, 2], x[1]), &[x, b]).assert();
}
