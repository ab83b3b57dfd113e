//! `Y = X W + c`, the layer.
//!
//! ```text
//! X̄ += Ȳ Wᵀ        W̄ += Xᵀ Ȳ        c̄ += Σ Ȳ, over the axes along which c was stretched
//! ```
//!
//! `c` is a bias `[out]`, or anything that stretches to `Y`: another product, say, projected beforehand.

use super::product::{add_product, add_rows, add_weighted, weight, weighted, weighted_from};
use crate::{
    Adjoint, Factor, Inputs, Misfit, Op, Output, Real, RowSum, Shape, Var, broadcast,
    kernel::{Matrix, flush, gemm::Start},
    shape::for_each_run,
};

/// See the [module](self). Inputs: `X [.., in]`, `W [in, out]`, `c [out]` or what stretches to `[.., out]`.
#[derive(Debug, Clone, Copy)]
pub struct Affine;

/// How many rows of `n` numbers there are. (Of one, as it comes from a batch of one, without the division.)
#[inline]
fn rows<T>(all: &[T], n: usize) -> usize {
    if all.len() == n { 1 } else { all.len() / n.max(1) }
}

impl<T: Real> Op<T> for Affine {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x, w, c] = x.shapes()?;
        let misfit = |rule: String| {
            Err(Misfit::new(rule, "the weight is [in, out]: transpose it, or reshape the input"))
        };
        let (&[n_in, n_out], Some((&last, lead))) = (w, x.split_last()) else {
            return misfit("it takes an input of rank 1 or more and a weight of rank 2".into());
        };
        if last != n_in {
            return misfit(format!("the input's last axis is {last}, the weight's first {n_in}"));
        }
        let mut shape = Shape::from_slice(lead);
        shape.push(n_out);
        if c != &shape[..] && broadcast(&shape, c).as_ref() != Ok(&shape) {
            return misfit(format!("the last operand does not stretch to {:?}", &shape[..]));
        }
        Ok(shape)
    }

    fn shaped_like(&self, x: Inputs<'_, T>) -> Option<usize> {
        if x.len() != 3 {
            return None;
        }
        match (x.shape(0), x.shape(1), x.shape(2)) {
            ([lead @ .., last], [n_in, n_out], [lead_c @ .., last_c])
                if last == n_in && last_c == n_out && lead.iter().eq(lead_c) =>
            {
                Some(2)
            }
            _ => None,
        }
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let (b, c) = (weight(x, 1), x.value(2));
        let (n_in, n_out) = (b.0.rows, b.0.cols);
        let a = Matrix::row_major(x.value(0), rows(y, n_out), n_in);
        if c.len() == y.len() {
            return weighted_from(x, a, b, Start { data: c, row: n_out }, y);
        } else if c.len() == n_out && x.shape(2).last() == Some(&n_out) {
            return weighted_from(x, a, b, Start { data: c, row: 0 }, y);
        }
        let mut out = Shape::from_slice(x.shape(0));
        if let Some(last) = out.last_mut() {
            *last = n_out;
        }
        for_each_run(
            &out,
            &out,
            x.shape(2),
            #[inline(always)]
            |run| {
                let y = &mut y[run.at..run.at + run.len];
                if run.b_step == 1 {
                    y.copy_from_slice(&c[run.b..][..run.len])
                } else {
                    y.fill(c[run.b])
                }
            },
        );
        weighted(x, a, b, y, true);
    }

    fn outermost(&self, _: Output<'_, T>, dy: &mut [T]) {
        flush(dy);
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (w, again) = weight(x, 1);
        let rows = rows(dy, w.cols);
        let dy_matrix = Matrix::row_major(dy, rows, w.cols);
        match i {
            0 => add_weighted(x, dy_matrix, (w.t(), again), dx),
            1 => add_product(x, Matrix::row_major(&x[0], rows, w.rows).t(), dy_matrix, dx),
            _ if x.node(2).len == dy.len() => dx.add(dy.iter().copied()),
            _ if x.shape(2) == [w.cols] => add_rows(dy, dx.sum()),
            _ => {
                let dx = dx.sum();
                T::vectorize(
                    #[inline(always)]
                    || {
                        for_each_run(
                            y.shape(),
                            y.shape(),
                            x.shape(2),
                            #[inline(always)]
                            |run| {
                                let dy = &dy[run.at..run.at + run.len];
                                if run.b_step == 1 {
                                    for (dx, &dy) in dx[run.b..].iter_mut().zip(dy) {
                                        *dx += dy;
                                    }
                                } else {
                                    dx[run.b] += dy.iter().copied().sum();
                                }
                            },
                        );
                    },
                );
            }
        }
    }

    fn passes(&self, i: usize, _: Inputs<'_, T>) -> bool {
        i == 2
    }

    fn reads(&self, i: usize, _: Inputs<'_, T>) -> bool {
        i < 2
    }
    fn reads_output(&self) -> bool {
        false
    }
    fn row_sum(&self, i: usize, _: Inputs<'_, T>) -> Option<RowSum> {
        (i == 1).then_some(RowSum { left: Factor::Input(0), right: Factor::Adjoint, column: 0 })
    }
    /// `2 m k n`: what is added to is `c` and not zero, so that the bias is free.
    fn flops(&self, x: Inputs<'_, T>, y: &[usize]) -> u64 {
        2 * x.shape(1)[0] as u64 * crate::shape::len(y) as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `X W + c`: `[.., in] · [in, out] + [out] → [.., out]`.
    #[track_caller]
    pub fn affine(self, weight: Var<'t, T>, bias: Var<'t, T>) -> Self {
        self.tape().apply(Affine, &[self, weight, bias])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::{Array, Array1, Array2};
    let wave =
        |rows, cols| Array2::from_shape_fn((rows, cols), |(i, j)| f64::sin((i * i + 3 * j) as f64));
    let (x, w) = (wave(3, 2).into_dyn(), wave(2, 4).into_dyn());
    for c in [Array1::range(0.0, 4.0, 1.0).into_dyn(), wave(3, 4).into_dyn(), wave(3, 1).into_dyn()]
    {
        crate::gradcheck::op(Affine, &[x.clone(), w.clone(), c]).assert();
    }
    let x = Array::from_shape_fn((2, 3, 2), |(i, j, k)| f64::cos((i + 2 * j + 5 * k) as f64))
        .into_dyn();
    crate::gradcheck::op(Affine, &[x, w, Array1::range(0.0, 4.0, 1.0).into_dyn()]).assert();
}

#[test]
fn a_sum_that_begins_elsewhere_has_the_bits_of_one_that_was_copied() {
    use crate::{Real, kernel::Scratch, ops::reduction::examples::wave};
    let tape = crate::Tape::<f64>::new();
    for (rows, n_in, n_out) in [(1, 3, 40), (2, 1, 1), (5, 300, 17), (29, 7, 70), (3, 0, 4)] {
        for lead in [&[rows][..], &[]] {
            let shape: Vec<usize> = lead.iter().copied().chain([n_out]).collect();
            let (x, w, c) = (wave(&[rows, n_in]), wave(&[n_in, n_out]), wave(&shape));
            let mut y = c.broadcast((rows, n_out)).map(|c| c.to_owned()).unwrap_or_default();
            let (a, b) = (x.as_slice().unwrap_or(&[]), w.as_slice().unwrap_or(&[]));
            let (a, b) = (Matrix::row_major(a, rows, n_in), Matrix::row_major(b, n_in, n_out));
            let copied = y.as_slice_mut().unwrap_or(&mut []);
            f64::gemm(&mut Scratch::default(), a, b, copied, true);
            let ours = tape.leaf(&x).affine(tape.leaf(&w), tape.leaf(&c)).value();
            assert_eq!(ours, y.into_dyn(), "{rows} by {n_in} by {n_out}");
        }
    }
}
