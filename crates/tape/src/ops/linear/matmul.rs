//! `Y = A B`, the product of matrices, over any leading axes.
//!
//! ```text
//! Ā += Ȳ Bᵀ        B̄ += Aᵀ Ȳ
//! ```
//!
//! Shapes follow NumPy: `[…, m, k] · […, k, n]`, leading axes broadcast, a vector on the left is a row and on the
//! right a column. Either operand can be read transposed, without a copy: [`MatMul::left_t`], [`MatMul::right_t`].

use super::product::{add_product, add_weighted, product, weighted};
use crate::{
    Adjoint, Factor, Inputs, Misfit, Op, Output, Real, RowSum, Shape, Var, broadcast,
    kernel::{Matrix, flush},
    shape::for_each_run,
};

/// See the [module](self).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MatMul {
    /// Read `A` as `Aᵀ` (its last two axes swapped).
    pub left_t: bool,
    /// Read `B` as `Bᵀ` (its last two axes swapped).
    pub right_t: bool,
}

/// How the operands are cut into matrices: one product `[m, k] · [k, n]` for each element of `batch`.
struct Plan<'a> {
    m: usize,
    k: usize,
    n: usize,
    /// The leading axes of the operands, and of the result.
    lead: [&'a [usize]; 2],
    batch: Shape,
}

/// What a vector is, read as a matrix.
#[derive(Clone, Copy, PartialEq)]
enum Vector {
    Row,
    Column,
}

/// The leading axes of an operand, and the rows and columns of its matrices as they are read.
fn split(shape: &[usize], transposed: bool, vector: Vector) -> Option<(&[usize], usize, usize)> {
    match *shape {
        [] => None,
        [n] if vector == Vector::Row => Some((&[], 1, n)),
        [n] => Some((&[], n, 1)),
        [ref lead @ .., rows, cols] if !transposed => Some((lead, rows, cols)),
        [ref lead @ .., rows, cols] => Some((lead, cols, rows)),
    }
}

impl MatMul {
    fn plan<'a>(&self, a: &'a [usize], b: &'a [usize]) -> Result<Plan<'a>, Misfit> {
        let misfit = |rule: String| Misfit::new(rule, "reshape or transpose an operand");
        let number = |side| misfit(format!("the {side} operand is a number, not a matrix"));
        let (lead_a, m, k) = split(a, self.left_t, Vector::Row).ok_or_else(|| number("left"))?;
        let (lead_b, k_b, n) =
            split(b, self.right_t, Vector::Column).ok_or_else(|| number("right"))?;
        if k != k_b {
            return Err(misfit(format!("the inner lengths must agree, but {k} ≠ {k_b}")));
        }
        let batch = broadcast(lead_a, lead_b).map_err(|_| {
            misfit(format!("the leading axes {lead_a:?} and {lead_b:?} do not broadcast"))
        })?;
        Ok(Plan { m, k, n, lead: [lead_a, lead_b], batch })
    }

    /// The plan with the fewest products: a single matrix on the right serves all rows of the left at once.
    fn short_plan<'a, T: Real>(&self, x: Inputs<'a, T>) -> Plan<'a> {
        let (a, b) = (x.shape(0), x.shape(1));
        let right = split(b, self.right_t, Vector::Column);
        if let (Some(([], k, n)), [lead @ .., _], false) = (right, a, self.left_t) {
            return Plan {
                m: crate::shape::len(lead),
                k,
                n,
                lead: [&[], &[]],
                batch: Shape::new(),
            };
        }
        let Ok(plan) = self.plan(a, b) else {
            unreachable!("the shapes were checked when the op was recorded")
        };
        plan
    }

    fn left<'a, T: Real>(&self, plan: &Plan<'_>, data: &'a [T], at: usize) -> Matrix<'a, T> {
        let Plan { m, k, .. } = *plan;
        let data = &data[at * m * k..][..m * k];
        if self.left_t { Matrix::row_major(data, k, m).t() } else { Matrix::row_major(data, m, k) }
    }

    fn right<'a, T: Real>(&self, plan: &Plan<'_>, data: &'a [T], at: usize) -> Matrix<'a, T> {
        let Plan { k, n, .. } = *plan;
        let data = &data[at * k * n..][..k * n];
        if self.right_t { Matrix::row_major(data, n, k).t() } else { Matrix::row_major(data, k, n) }
    }
}

/// Visits the products of a plan: their places in the result, in the left and in the right operand.
fn for_each_product(plan: &Plan<'_>, mut visit: impl FnMut(usize, usize, usize)) {
    for_each_run(&plan.batch, plan.lead[0], plan.lead[1], |run| {
        for i in 0..run.len {
            visit(run.at + i, run.a + i * run.a_step, run.b + i * run.b_step);
        }
    });
}

impl<T: Real> Op<T> for MatMul {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [a, b] = x.shapes()?;
        let Plan { m, n, batch: mut shape, .. } = self.plan(a, b)?;
        if a.len() > 1 {
            shape.push(m);
        }
        if b.len() > 1 {
            shape.push(n);
        }
        Ok(shape)
    }

    /// A square matrix on the right, as it is between states, makes of the left operand what has its shape.
    fn shaped_like(&self, x: Inputs<'_, T>) -> Option<usize> {
        if self.left_t || x.len() != 2 {
            return None;
        }
        match (x.shape(0), x.shape(1)) {
            ([.., last], [k, n]) if last == k && k == n => Some(0),
            _ => None,
        }
    }

    fn reads_output(&self) -> bool {
        false
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let plan = self.short_plan(x);
        let size = plan.m * plan.n;
        if plan.batch.is_empty() {
            let (a, b) = (self.left(&plan, &x[0], 0), self.right(&plan, &x[1], 0));
            return weighted(x, a, (b, x.again(1, 0)), y, false);
        }
        for_each_product(&plan, |at, a, b| {
            let (a, b) = (self.left(&plan, x.value(0), a), self.right(&plan, x.value(1), b));
            product(x, a, b, &mut y[at * size..][..size], false);
        });
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
        let plan = self.short_plan(x);
        let Plan { m, k, n, .. } = plan;
        let dy_at = |at: usize| Matrix::row_major(&dy[at * m * n..][..m * n], m, n);
        // The adjoint of an operand read transposed is the transpose of the adjoint: swap the factors.
        let term = |at, a, b| match (i, self.left_t, self.right_t) {
            (0, false, _) => (dy_at(at), self.right(&plan, x.value(1), b).t()),
            (0, true, _) => (self.right(&plan, x.value(1), b), dy_at(at).t()),
            (_, _, false) => (self.left(&plan, x.value(0), a).t(), dy_at(at)),
            (_, _, true) => (dy_at(at).t(), self.left(&plan, x.value(0), a)),
        };
        if plan.batch.is_empty() {
            let (left, right) = term(0, 0, 0);
            if i == 0 && !self.left_t {
                return add_weighted(x, left, (right, x.again(1, 0)), dx);
            }
            return add_product(x, left, right, dx);
        }
        let size = if i == 0 { m * k } else { k * n };
        let dx = dx.sum();
        for_each_product(&plan, |at, a, b| {
            let place = if i == 0 { a } else { b };
            let (left, right) = term(at, a, b);
            product(x, left, right, &mut dx[place * size..][..size], true);
        });
    }

    fn row_sum(&self, i: usize, x: Inputs<'_, T>) -> Option<RowSum> {
        if i == 0 || self.left_t || x.shape(1).len() != 2 || x.shape(0).is_empty() {
            return None;
        }
        Some(if self.right_t {
            RowSum { left: Factor::Adjoint, right: Factor::Input(0), column: 0 }
        } else {
            RowSum { left: Factor::Input(0), right: Factor::Adjoint, column: 0 }
        })
    }
    /// `2 m k n` for each product.
    fn flops(&self, x: Inputs<'_, T>, y: &[usize]) -> u64 {
        let k = self.plan(x.shape(0), x.shape(1)).map_or(0, |plan| plan.k);
        2 * k as u64 * crate::shape::len(y) as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `A B`: `[…, m, k] · […, k, n] → […, m, n]`.
    #[track_caller]
    pub fn matmul(self, right: Var<'t, T>) -> Self {
        self.tape().apply(MatMul::default(), &[self, right])
    }

    /// `A Bᵀ`, read without a copy: `[…, m, k] · […, n, k] → […, m, n]`.
    #[track_caller]
    pub fn matmul_t(self, right: Var<'t, T>) -> Self {
        self.tape().apply(MatMul { left_t: false, right_t: true }, &[self, right])
    }

    /// `Aᵀ B`, read without a copy: `[…, k, m] · […, k, n] → […, m, n]`.
    #[track_caller]
    pub fn t_matmul(self, right: Var<'t, T>) -> Self {
        self.tape().apply(MatMul { left_t: true, right_t: false }, &[self, right])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ArrayD};

    fn wave(shape: &[usize]) -> ArrayD<f64> {
        let mut k = shape.len() as f64;
        ArrayD::from_shape_simple_fn(shape, || {
            k += 1.0;
            f64::sin(k * k)
        })
    }

    #[test]
    fn backward_matches_central_differences() {
        for left_t in [false, true] {
            for right_t in [false, true] {
                let matrix = |t: bool, rows, cols| if t { [cols, rows] } else { [rows, cols] };
                let op = MatMul { left_t, right_t };
                let (a, b) = (matrix(left_t, 2, 3), matrix(right_t, 3, 4));
                let lead = |axes: &[usize], tail: [usize; 2]| [axes, &tail].concat();
                crate::gradcheck::op(op, &[wave(&a), wave(&b)]).assert();
                crate::gradcheck::op(op, &[wave(&lead(&[2, 1], a)), wave(&lead(&[3], b))]).assert();
                crate::gradcheck::op(op, &[wave(&lead(&[2], a)), wave(&b)]).assert();
                crate::gradcheck::op(op, &[wave(&a), wave(&lead(&[2], b))]).assert();
            }
        }
        for (a, b) in [(&[3][..], &[3][..]), (&[3], &[3, 2]), (&[2, 3], &[3]), (&[4, 2, 3], &[3])] {
            crate::gradcheck::op(MatMul::default(), &[wave(a), wave(b)]).assert();
        }
    }

    #[test]
    fn the_four_readings_of_a_product_agree() {
        let tape = crate::Tape::new();
        let (a, b) =
            (Array2::from_shape_fn((2, 3), |(i, j)| (i * 3 + j) as f64), Array2::eye(3) * 2.0);
        let (x, y) = (tape.leaf(&a), tape.leaf(&b));
        let expected = a.dot(&b).into_dyn();
        assert_eq!(x.matmul(y).value(), expected);
        assert_eq!(x.matmul_t(tape.leaf(b.t())).value(), expected);
        assert_eq!(tape.leaf(a.t()).t_matmul(y).value(), expected);
    }

    #[test]
    fn inner_lengths_that_differ_are_named() {
        let tape = crate::Tape::<f64>::new();
        let (a, b) = (tape.leaf(wave(&[2, 3])), tape.leaf(wave(&[4, 5])));
        let error = tape.try_apply(MatMul::default(), &[a, b]).unwrap_err().to_string();
        assert_eq!(
            error,
            "MatMul of [2, 3] and [4, 5]: the inner lengths must agree, but 3 ≠ 4; reshape or transpose an operand"
        );
        let square = tape.leaf(wave(&[3, 3]));
        let error = tape.try_apply(MatMul { left_t: true, right_t: false }, &[a, square]);
        assert!(error.unwrap_err().to_string().contains("the inner lengths must agree, but 2 ≠ 3"));
    }
}
