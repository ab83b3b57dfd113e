//! `Y = X W[:, a..b]`, the product with some columns of a weight.
//!
//! ```text
//! X̄ += Ȳ W[:, a..b]ᵀ        W̄[:, a..b] += Xᵀ Ȳ
//! ```
//!
//! Where the weights of several gates stand side by side and one gate waits for another, their products cannot be one. The
//! columns are read where they stand, and the weight's gradient is gathered over all steps as for the whole.

use super::product::{add_weighted, product, weighted};
use crate::{
    Adjoint, Factor, Inputs, Misfit, Op, Output, Real, RowSum, Shape, Var,
    kernel::{Matrix, flush},
};
use std::ops::Range;

/// See the [module](self). Inputs: `X [.., in]`, `W [in, out]`.
#[derive(Debug, Clone, Copy)]
pub struct MatMulColumns {
    /// The first column.
    pub start: usize,
    /// The first column behind the last.
    pub end: usize,
}

impl MatMulColumns {
    fn columns<'a, T: Real>(&self, x: Inputs<'a, T>) -> Matrix<'a, T> {
        let (rows, all) = (x.shape(1)[0], x.shape(1)[1]);
        let data = x.value(1).get(self.start..).unwrap_or(&[]);
        Matrix { data, rows, cols: self.end - self.start, row_stride: all, col_stride: 1 }
    }
}

impl<T: Real> Op<T> for MatMulColumns {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x, w] = x.shapes()?;
        let (&[n_in, n_out], Some((&last, lead))) = (w, x.split_last()) else {
            let rule = "it takes an input of rank 1 or more and a weight of rank 2";
            return Err(Misfit::new(
                rule.to_string(),
                "the weight is [in, out]: transpose it, or reshape the input",
            ));
        };
        let Self { start, end } = *self;
        if last != n_in {
            let rule = format!("the input's last axis is {last}, the weight's first {n_in}");
            return Err(Misfit::new(
                rule,
                "the weight is [in, out]: transpose it, or reshape the input",
            ));
        }
        if start > end || end > n_out {
            let rule = format!("{start}..{end} is not within the weight's {n_out} columns");
            return Err(Misfit::new(rule, "columns start before they end, within the weight"));
        }
        let mut shape = Shape::from_slice(lead);
        shape.push(end - start);
        Ok(shape)
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let w = self.columns(x);
        let a = Matrix::row_major(&x[0], y.len() / w.cols.max(1), w.rows);
        weighted(x, a, (w, x.again(1, self.start)), y, false);
    }

    fn outermost(&self, _: Output<'_, T>, dy: &mut [T]) {
        flush(dy);
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let w = self.columns(x);
        let rows = dy.len() / w.cols.max(1);
        let dy = Matrix::row_major(dy, rows, w.cols);
        if i == 0 {
            return add_weighted(x, dy, (w.t(), x.again(1, self.start)), dx);
        }
        // Row by row of W̄: x̄ᵢ is a column of X times Ȳ.
        for (k, dw) in dx.sum().chunks_exact_mut(w.row_stride.max(1)).enumerate() {
            let column = Matrix {
                data: &x[0][k.min(x[0].len())..],
                rows: 1,
                cols: rows,
                row_stride: 1,
                col_stride: w.rows,
            };
            product(x, column, dy, &mut dw[self.start..self.end], true);
        }
    }

    fn row_sum(&self, i: usize, _: Inputs<'_, T>) -> Option<RowSum> {
        let (left, right) = (Factor::Input(0), Factor::Adjoint);
        (i == 1).then_some(RowSum { left, right, column: self.start })
    }

    fn flops(&self, x: Inputs<'_, T>, y: &[usize]) -> u64 {
        2 * x.shape(1)[0] as u64 * crate::shape::len(y) as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `X W[:, columns]`: `[.., in] · [in, out] → [.., columns]`.
    #[track_caller]
    pub fn matmul_columns(self, weight: Var<'t, T>, columns: Range<usize>) -> Self {
        let op = MatMulColumns { start: columns.start, end: columns.end };
        self.tape().apply(op, &[self, weight])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, gradcheck, ops::reduction::examples::wave};

    #[test]
    fn backward_matches_central_differences() {
        for columns in [0..2, 1..4, 3..4, 2..2, 0..5] {
            let op = MatMulColumns { start: columns.start, end: columns.end };
            for lead in [&[2, 3][..], &[3], &[2, 2, 3]] {
                gradcheck::op(op, &[wave(lead), wave(&[3, 5])]).assert();
            }
        }
    }

    #[test]
    fn it_is_the_product_with_a_slice_of_the_weight() {
        // More rows than are gathered at a time, and two stretches of one weight.
        let tape = Tape::<f64>::new();
        let (x, w) = (tape.leaf(wave(&[300, 70, 3])), tape.leaf(wave(&[3, 5])));
        let (mut ours, mut theirs) = (tape.zeros(&[]), tape.zeros(&[]));
        for t in 0..20 {
            let x = x.select(0, t);
            for columns in [0..2, 2..5, 1..4] {
                let one = x.matmul_columns(w, columns.clone());
                let two = x.matmul(w.slice(1, columns));
                assert_eq!(one.value(), two.value());
                ours = ours + one.square().sum();
                theirs = theirs + two.square().sum();
            }
        }
        let (ours, theirs) = (tape.backward(ours), tape.backward(theirs));
        for leaf in [x, w] {
            approx::assert_relative_eq!(ours[leaf], theirs[leaf], max_relative = 1e-13);
        }
    }

    #[test]
    #[should_panic(expected = "2..6 is not within the weight's 5 columns")]
    fn columns_are_within_the_weight() {
        let tape = Tape::<f64>::new();
        tape.leaf(wave(&[2, 3])).matmul_columns(tape.leaf(wave(&[3, 5])), 2..6);
    }
}
