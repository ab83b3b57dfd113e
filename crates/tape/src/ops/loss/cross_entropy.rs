//! `y = Σₖ wₖ (ln Σ eˣᵏ − xₖ[iₖ])`, how surprising the classes `iₖ` are to the scores `xₖ`.
//!
//! ```text
//! x̄ₖ += ȳ wₖ (softmax(xₖ) − onehot(iₖ))
//! ```
//!
//! In nats. The weights `w` are those of a mask: 1 where a row counts, 0 where it is padding. One node from
//! scores to loss, and nothing is computed for a row without weight. Of the distribution, the greatest score and the sum are
//! saved: where there are many classes, to find the rest once more is less than to fetch it from memory.

use super::softmax::{greatest, sum_of_exponentials};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Result, Shape, Var, error::or_panic};

/// See the [module](self). Inputs: scores `[.., C]`, and optionally weights, one for each row. The classes are
/// recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropy;

/// A single number, if there is one class below `C` (and one weight, if any) for each row of scores `[.., C]`.
pub(super) fn classes<T: Real>(x: Inputs<'_, T>) -> Result<Shape, Misfit> {
    let scores = if x.len() == 2 { x.shape(0) } else { x.shapes::<1>()?[0] };
    let Some((&classes, lead)) = scores.split_last() else {
        return Err(Misfit::new("a number is no row of scores", "scores are [.., classes]"));
    };
    let rows = lead.iter().product::<usize>();
    let targets = x.indices();
    if targets.len() != rows {
        let rule = format!("there are {rows} rows of scores but {} targets", targets.len());
        return Err(Misfit::new(rule, "give one class for each row"));
    }
    if let Some((k, wrong)) = targets.iter().enumerate().find(|(_, i)| **i >= classes) {
        let rule = format!("target {k} is class {wrong}, but there are {classes} classes");
        return Err(Misfit::new(rule, "classes count from 0"));
    }
    if x.len() == 2 && x.value(1).len() != rows {
        let rule = format!("there are {rows} rows of scores but {} weights", x.value(1).len());
        return Err(Misfit::new(rule, "give one weight for each row"));
    }
    Ok(Shape::new())
}

impl<T: Real> Op<T> for CrossEntropy {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        classes(x)
    }
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        2 * x.indices().len()
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let n = x.shape(0).last().copied().unwrap_or(0).max(1);
        let weights = (x.len() == 2).then(|| x.value(1));
        y[0] = T::vectorize(
            #[inline(always)]
            || {
                let mut loss = T::ZERO;
                let (greatests, inverses) = saved.split_at_mut(x.indices().len());
                let kept = greatests.iter_mut().zip(inverses);
                let rows = x[0].chunks_exact(n).zip(kept).zip(x.indices());
                for (k, ((x, (max, inverse)), &target)) in rows.enumerate() {
                    let weight = weights.map_or(T::ONE, |w| w[k]);
                    (*max, *inverse) = (T::ZERO, T::ZERO);
                    if weight == T::ZERO {
                        continue;
                    }
                    *max = greatest(x);
                    let (max, sum) = (*max, sum_of_exponentials(x, *max));
                    *inverse = sum.recip();
                    let surprise = sum.ln() - (x[target] - max);
                    loss += if weights.is_some() { weight * surprise } else { surprise };
                }
                loss
            },
        );
    }
    fn differentiable(&self, i: usize) -> bool {
        i == 0
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let n = x.shape(0).last().copied().unwrap_or(0).max(1);
        let weights = (x.len() == 2).then(|| x.value(1));
        let (dx, fresh) = dx.parts();
        T::vectorize(
            #[inline(always)]
            || {
                let (greatests, inverses) = y.saved().split_at(x.indices().len());
                let kept = greatests.iter().zip(inverses);
                let rows = dx.chunks_exact_mut(n).zip(x[0].chunks_exact(n)).zip(kept);
                for (k, ((dx, row), (&max, &inverse))) in rows.enumerate() {
                    let (target, weight) = (x.indices()[k], weights.map_or(T::ONE, |w| w[k]));
                    if weight == T::ZERO {
                        if fresh {
                            dx.fill(T::ZERO);
                        }
                        continue;
                    }
                    let dy = dy[0] * weight;
                    let scores = dx.iter_mut().zip(row);
                    if fresh {
                        for (dx, &x) in scores {
                            *dx = dy * ((x - max).exp() * inverse);
                        }
                    } else {
                        for (dx, &x) in scores {
                            *dx += dy * ((x - max).exp() * inverse);
                        }
                    }
                    dx[target] -= dy;
                }
            },
        );
    }
    /// Maximum, subtraction, exponential, sum.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        4 * x.value(0).len() as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `Σₖ −ln softmax(xₖ)[iₖ]` in nats, a single number: scores `[.., C]`, one class for each row.
    #[track_caller]
    pub fn cross_entropy(self, targets: &[usize]) -> Self {
        or_panic(self.try_cross_entropy(targets))
    }

    /// [`cross_entropy`](Var::cross_entropy), or [`Error::Shape`](crate::Error::Shape) for targets that do not fit.
    #[track_caller]
    pub fn try_cross_entropy(self, targets: &[usize]) -> Result<Self> {
        self.tape().try_apply_indexed(CrossEntropy, &[self], targets)
    }

    /// `Σₖ −wₖ ln softmax(xₖ)[iₖ]`: with a weight for each row, 0 for one that does not count (its class must
    /// exist all the same). The weights get no gradient.
    #[track_caller]
    pub fn cross_entropy_weighted(self, targets: &[usize], weights: Var<'t, T>) -> Self {
        self.tape().apply_indexed(CrossEntropy, &[self, weights], targets)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    #[test]
    fn backward_matches_central_differences() {
        let x = arr2(&[[0.3, -1.2, 2.0], [2.0, -0.5, 0.1]]).into_dyn();
        crate::gradcheck::function(
            |_, x| x[0].cross_entropy(&[2, 0]) * 0.7,
            std::slice::from_ref(&x),
        )
        .assert();
        crate::gradcheck::function(
            |tape, x| x[0].cross_entropy_weighted(&[2, 0], tape.constant([0.5, 0.0])),
            &[x],
        )
        .assert();
    }

    #[test]
    fn it_is_what_log_softmax_says() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.leaf(arr2(&[[0.3, -1.2, 2.0], [800.0, -0.5, 0.1]]));
        let log = x.log_softmax().value();
        let expected = -(log[[0, 2]] + log[[1, 1]]);
        assert!((x.cross_entropy(&[2, 1]).item() - expected).abs() < 1e-13 * expected);
    }

    #[test]
    fn targets_that_do_not_fit_are_named() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.leaf(arr2(&[[0.3, -1.2, 2.0], [2.0, -0.5, 0.1]]));
        let error = |targets| x.try_cross_entropy(targets).unwrap_err().to_string();
        assert!(error(&[1]).contains("2 rows of scores but 1 targets"));
        assert!(error(&[1, 3]).contains("target 1 is class 3, but there are 3 classes"));
    }
}
