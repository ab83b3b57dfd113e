//! `y = Σₖ wₖ (ln Σ eˢᵏ − sₖ[iₖ])` with scores `s = X V + c`: the last layer and its loss as one node.
//!
//! ```text
//! s̄ₖ = ȳ wₖ (softmax(sₖ) − onehot(iₖ))        X̄ += S̄ Vᵀ        V̄ += Xᵀ S̄        c̄ += Σ S̄
//! ```
//!
//! To the bits of [`Affine`](crate::ops::linear::affine::Affine) and then [`CrossEntropy`](super::cross_entropy::CrossEntropy). But
//! where there are many classes, `S̄` is the largest array of all, and is needed for nothing but these three sums: it is found
//! in slabs of columns that stay in the cache, and never stands in memory as a whole. And since nobody else reads the scores,
//! their exponentials take their place, and are not made a second time.

use super::{
    cross_entropy::{Rows, classes},
    softmax::become_exponentials,
};
use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Result, Shape, Var,
    error::or_panic,
    kernel::{Matrix, gemm::Start},
};
use std::ops::Range;

/// Bytes of a slab of `S̄`.
const SLAB: usize = 1 << 20;

/// See the [module](self). Inputs: `X [.., H]`, `V [H, C]`, `c [C]`, and optionally weights, one for each row. The
/// classes are recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct AffineCrossEntropy;

impl<T: Real> Op<T> for AffineCrossEntropy {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let given = (x.len() == 4).then(|| x.value(3).len());
        if given.is_none() {
            x.shapes::<3>()?;
        }
        let (Some((&last, lead)), &[n_in, n_out], &[bias]) =
            (x.shape(0).split_last(), x.shape(1), x.shape(2))
        else {
            let rule =
                "it takes an input of rank 1 or more, a weight of rank 2 and a bias of rank 1";
            return Err(Misfit::new(rule, "the weight is [in, classes], the bias [classes]"));
        };
        if last != n_in || bias != n_out {
            let rule =
                format!("a row of {last} and a bias of {bias} fit no weight [{n_in}, {n_out}]");
            return Err(Misfit::new(rule, "the weight is [in, classes], the bias [classes]"));
        }
        classes(lead.iter().product(), n_out, x.indices(), given)
    }

    /// The exponentials of the scores, and the inverse of the sum of each row.
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        x.indices().len() * (x.shape(1)[1] + 1)
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let (rows, w) = (x.indices().len(), x.shape(1));
        let (scores, inverses) = saved.split_at_mut(rows * w[1]);
        let (a, b) = (Matrix::row_major(&x[0], rows, w[0]), Matrix::row_major(&x[1], w[0], w[1]));
        let from = Start { data: &x[2], row: 0 };
        T::gemm_from(&mut x.scratch().borrow_mut(), a, (b, x.again(1, 0)), from, scores);
        y[0] = rows_of(x).loss(
            scores.chunks_exact_mut(w[1].max(1)),
            become_exponentials,
            |k, _, inverse| inverses[k] = inverse,
        );
    }

    fn differentiable(&self, i: usize) -> bool {
        i < 3
    }

    fn backward(&self, i: usize, x: Inputs<'_, T>, y: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let mut all = [None, None, None];
        all[i] = Some(dx);
        self.backward_jointly(x, y, &[dy], &mut all);
    }

    fn joint(&self) -> bool {
        true
    }

    fn backward_jointly(
        &self,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[&[T]],
        dx: &mut [Option<Adjoint<'_, T>>],
    ) {
        let (rows, w) = (x.indices().len(), x.shape(1));
        let (exponentials, inverses) = y.saved().split_at(rows * w[1]);
        let [d_input, d_weight, d_bias, ..] = dx else { return };
        let mut input = d_input.as_mut().map(Adjoint::parts);
        let mut weight = d_weight.as_mut().map(Adjoint::parts);
        let mut bias = d_bias.as_mut().map(Adjoint::sum);
        let width = (SLAB / size_of::<T>() / rows.max(1)).next_multiple_of(64).min(w[1]);
        let scratch = &mut *x.scratch().borrow_mut();
        scratch.aside(width * rows, |scratch, ds| {
            for start in (0..w[1]).step_by(width.max(1)) {
                let columns = start..w[1].min(start + width);
                let ds = &mut ds[..rows * columns.len()];
                let bias = bias.as_mut().map_or(&mut [][..], |bias| &mut bias[columns.clone()]);
                let kept = exponentials.chunks_exact(w[1]).zip(inverses);
                scores_adjoint(&rows_of(x), dy[0][0], columns.clone(), kept, (&mut *ds, bias));
                let ds = Matrix::row_major(ds, rows, columns.len());
                if let Some((dx, fresh)) = &mut input {
                    let v = Matrix { data: &x[1][start..], cols: columns.len(), ..whole(x) };
                    T::gemm(scratch, ds, v.t(), dx, !std::mem::take(fresh));
                }
                if let Some((sum, fresh)) = &mut weight {
                    let x = Matrix::row_major(&x[0], rows, w[0]).t();
                    T::gemm_strided(scratch, x, ds, (&mut sum[start..], w[1]), !*fresh);
                }
            }
        });
    }

    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        let (rows, w) = (x.indices().len() as u64, x.shape(1));
        rows * w[1] as u64 * (2 * w[0] as u64 + 4)
    }
}

/// `S̄` of some columns, ready for a product, from the exponentials of each row and the inverse of their sum; its rows are
/// added to the adjoint of the bias, if anybody wants it, while they are at hand.
fn scores_adjoint<'a, T: Real>(
    rows: &Rows<'_, T>,
    dy: T,
    columns: Range<usize>,
    kept: impl Iterator<Item = (&'a [T], &'a T)>,
    (ds, bias): (&mut [T], &mut [T]),
) {
    T::vectorize(
        #[inline(always)]
        || {
            let ds = ds.chunks_exact_mut(columns.len());
            for (k, (ds, (row, &inverse))) in ds.zip(kept).enumerate() {
                let shares = row[columns.clone()].iter().map(
                    #[inline(always)]
                    |&exponential| exponential * inverse,
                );
                rows.adjoint(k, dy, (shares, columns.clone()), (&mut *ds, true));
                for ds in &mut *ds {
                    *ds = ds.flushed();
                }
                for (sum, &ds) in bias.iter_mut().zip(&*ds) {
                    *sum += ds;
                }
            }
        },
    );
}

/// The classes and weights of the rows.
fn rows_of<T: Real>(x: Inputs<'_, T>) -> Rows<'_, T> {
    let weights = (x.len() == 4).then(|| x.value(3));
    Rows { targets: x.indices(), weights, classes: x.shape(1)[1] }
}

/// `V [H, C]`
fn whole<T: Real>(x: Inputs<'_, T>) -> Matrix<'_, T> {
    Matrix::row_major(x.value(1), x.shape(1)[0], x.shape(1)[1])
}

impl<'t, T: Real> Var<'t, T> {
    /// `Σₖ −ln softmax(xₖ V + c)[iₖ]` in nats, a single number: rows `[.., H]`, a weight `[H, C]`, a bias `[C]`, one class for
    /// each row. What [`affine`](Var::affine) and [`cross_entropy`](Var::cross_entropy) say, and faster where the classes
    /// are many; but the scores are nobody's to read.
    #[track_caller]
    pub fn affine_cross_entropy(self, weight: Self, bias: Self, targets: &[usize]) -> Self {
        or_panic(self.try_affine_cross_entropy(weight, bias, targets))
    }

    /// [`affine_cross_entropy`](Var::affine_cross_entropy), or [`Error::Shape`](crate::Error::Shape) for what does not fit.
    #[track_caller]
    pub fn try_affine_cross_entropy(
        self,
        weight: Self,
        bias: Self,
        targets: &[usize],
    ) -> Result<Self> {
        self.tape().try_apply_indexed(AffineCrossEntropy, &[self, weight, bias], targets)
    }

    /// `Σₖ −wₖ ln softmax(xₖ V + c)[iₖ]`: with a weight for each row, 0 for one that does not count (its class must exist all
    /// the same). These weights get no gradient.
    #[track_caller]
    pub fn affine_cross_entropy_weighted(
        self,
        (weight, bias): (Self, Self),
        targets: &[usize],
        weights: Var<'t, T>,
    ) -> Self {
        let inputs = [self, weight, bias, weights];
        self.tape().apply_indexed(AffineCrossEntropy, &inputs, targets)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Var, ops::reduction::examples::wave};

    #[test]
    fn backward_matches_central_differences() {
        let x = [wave(&[3, 2]), wave(&[2, 4]), wave(&[4])].map(|x| x.into_dyn());
        crate::gradcheck::function(
            |_, x| x[0].affine_cross_entropy(x[1], x[2], &[2, 0, 3]) * 0.7,
            &x,
        )
        .assert();
        crate::gradcheck::function(
            |tape, x| {
                let weights = tape.constant([0.5, 0.0, 2.0]);
                x[0].affine_cross_entropy_weighted((x[1], x[2]), &[2, 0, 3], weights)
            },
            &x,
        )
        .assert();
    }

    fn both(rows: usize, n_in: usize, classes: usize, weigh: bool) {
        let tape = Tape::<f32>::new();
        let [x, v, c] = [&[rows, n_in][..], &[n_in, classes], &[classes]]
            .map(|shape| tape.leaf(wave(shape).mapv(|x| x as f32)));
        let targets: Vec<usize> = (0..rows).map(|k| k * 31 % classes).collect();
        let weights = tape.constant(wave(&[rows]).mapv(|x| x.max(0.0) as f32));
        let (one, two) = if weigh {
            let two = x.affine(v, c).cross_entropy_weighted(&targets, weights);
            (x.affine_cross_entropy_weighted((v, c), &targets, weights), two)
        } else {
            (x.affine_cross_entropy(v, c, &targets), x.affine(v, c).cross_entropy(&targets))
        };
        assert_eq!(one.item(), two.item());
        // The second so small that some adjoints of scores are no normal numbers.
        for factor in [0.3, 2e-37] {
            let (one, two) = (tape.backward(one * factor), tape.backward(two * factor));
            for leaf in [x, v, c] {
                assert_eq!(one[leaf], two[leaf], "{rows} rows of {n_in}, {classes} classes");
            }
        }
    }

    #[test]
    fn it_has_the_bits_of_its_parts_whatever_the_slabs() {
        for weigh in [false, true] {
            for (rows, n_in, classes) in [(1, 3, 1), (5, 4, 70), (300, 7, 1000), (700, 3, 400)] {
                both(rows, n_in, classes, weigh);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let tape = Tape::<f64>::new();
        let [x, v, c] = [&[2, 3][..], &[3, 4], &[4]].map(|shape| tape.leaf(wave(shape)));
        let error = |x: Var<'_, f64>, v, c, targets| {
            x.try_affine_cross_entropy(v, c, targets).unwrap_err().to_string()
        };
        assert!(error(x, v, c, &[1][..]).contains("2 rows of scores but 1 targets"));
        assert!(error(x, v, c, &[1, 4]).contains("target 1 is class 4, but there are 4 classes"));
        assert!(error(x, v.transpose(0, 1), c, &[1, 1]).contains("fit no weight [4, 3]"));
    }
}
