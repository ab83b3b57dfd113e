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
use std::ops::{Deref, Range};

/// See the [module](self). Inputs: scores `[.., C]`, and optionally weights, one for each row. The classes are
/// recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropy;

/// A single number, if each row of scores has one class below `classes` (and one weight, if any are `given`).
pub(super) fn classes(
    rows: usize,
    classes: usize,
    targets: &[usize],
    given: Option<usize>,
) -> Result<Shape, Misfit> {
    if targets.len() != rows {
        let rule = format!("there are {rows} rows of scores but {} targets", targets.len());
        return Err(Misfit::new(rule, "give one class for each row"));
    }
    if let Some((k, wrong)) = targets.iter().enumerate().find(|(_, i)| **i >= classes) {
        let rule = format!("target {k} is class {wrong}, but there are {classes} classes");
        return Err(Misfit::new(rule, "classes count from 0"));
    }
    if let Some(weights) = given.filter(|&weights| weights != rows) {
        let rule = format!("there are {rows} rows of scores but {weights} weights");
        return Err(Misfit::new(rule, "give one weight for each row"));
    }
    Ok(Shape::new())
}

/// The shape of the scores and of the loss, where the scores are the first input and weights, if any, the second.
pub(super) fn scored<T: Real>(x: Inputs<'_, T>) -> Result<Shape, Misfit> {
    let scores = if x.len() == 2 { x.shape(0) } else { x.shapes::<1>()?[0] };
    let Some((&n, lead)) = scores.split_last() else {
        return Err(Misfit::new("a number is no row of scores", "scores are [.., classes]"));
    };
    let given = (x.len() == 2).then(|| x.value(1).len());
    classes(lead.iter().product(), n, x.indices(), given)
}

/// What rows of scores are held against.
pub(super) struct Rows<'a, T> {
    pub(super) targets: &'a [usize],
    pub(super) weights: Option<&'a [T]>,
    pub(super) classes: usize,
}

impl<T: Real> Rows<'_, T> {
    fn weight(&self, row: usize) -> T {
        self.weights.map_or(T::ONE, |w| w[row])
    }

    /// The loss. Of each row of `scores`, `sum` finds the sum of exponentials when it is told the greatest, and `keep` is told
    /// this and the inverse of the sum; zeros of a row that does not count.
    pub(super) fn loss<Row: Deref<Target = [T]>>(
        &self,
        scores: impl Iterator<Item = Row>,
        sum: impl Fn(Row, T) -> T,
        mut keep: impl FnMut(usize, T, T),
    ) -> T {
        T::vectorize(
            #[inline(always)]
            || {
                let mut loss = T::ZERO;
                for (k, (x, &target)) in scores.zip(self.targets).enumerate() {
                    let weight = self.weight(k);
                    if weight == T::ZERO {
                        keep(k, T::ZERO, T::ZERO);
                        continue;
                    }
                    let max = greatest(&x);
                    let score = x[target] - max;
                    let sum = sum(x, max);
                    keep(k, max, sum.recip());
                    let surprise = sum.ln() - score;
                    loss += if self.weights.is_some() { weight * surprise } else { surprise };
                }
                loss
            },
        )
    }

    /// The adjoints of some columns of the scores of row `k`, where that of the loss is `dy` and `row` holds their shares of
    /// the distribution; added to what is there unless it is `fresh`.
    #[inline(always)] // within what is vectorised
    pub(super) fn adjoint(
        &self,
        k: usize,
        dy: T,
        (row, columns): (impl Iterator<Item = T>, Range<usize>),
        (dx, fresh): (&mut [T], bool),
    ) {
        let weight = self.weight(k);
        if weight == T::ZERO {
            if fresh {
                dx.fill(T::ZERO);
            }
            return;
        }
        let dy = dy * weight;
        if fresh {
            for (dx, share) in dx.iter_mut().zip(row) {
                *dx = dy * share;
            }
        } else {
            for (dx, share) in dx.iter_mut().zip(row) {
                *dx += dy * share;
            }
        }
        if columns.contains(&self.targets[k]) {
            dx[self.targets[k] - columns.start] -= dy;
        }
    }
}

/// The rows of a [`CrossEntropy`].
fn rows_of<T: Real>(x: Inputs<'_, T>) -> Rows<'_, T> {
    let weights = (x.len() == 2).then(|| x.value(1));
    Rows { targets: x.indices(), weights, classes: x.shape(0).last().copied().unwrap_or(0) }
}

impl<T: Real> Op<T> for CrossEntropy {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        scored(x)
    }
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        2 * x.indices().len()
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let (rows, scores) = (rows_of(x), x.value(0));
        let (greatests, inverses) = saved.split_at_mut(rows.targets.len());
        y[0] = rows.loss(
            scores.chunks_exact(rows.classes.max(1)),
            sum_of_exponentials,
            |k, max, inverse| (greatests[k], inverses[k]) = (max, inverse),
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
        let (rows, (dx, fresh)) = (rows_of(x), dx.parts());
        let (greatests, inverses) = y.saved().split_at(rows.targets.len());
        let width = rows.classes.max(1);
        T::vectorize(
            #[inline(always)]
            || {
                let scores = x[0].chunks_exact(width).zip(greatests.iter().zip(inverses));
                for (k, (dx, (x, (&max, &inverse)))) in
                    dx.chunks_exact_mut(width).zip(scores).enumerate()
                {
                    let shares = x.iter().map(
                        #[inline(always)]
                        |&x| (x - max).exp() * inverse,
                    );
                    rows.adjoint(k, dy[0], (shares, 0..rows.classes), (dx, fresh));
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
