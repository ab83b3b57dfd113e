//! `y = −Σₖ wₖ xₖ[iₖ]`, the surprise of classes whose logarithms are known.
//!
//! ```text
//! x̄ₖ[iₖ] −= ȳ wₖ
//! ```
//!
//! After [`log_softmax`](super::log_softmax) it is the [`cross_entropy`](super::cross_entropy), in two nodes. A row of weight
//! 0 is ignored, even at −∞; a mean over what counts is this over the sum of the weights.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). Inputs: logarithms `[.., C]`, and optionally weights, one for each row. The classes are
/// recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct Nll;

/// The weight of row `k`.
fn weight<T: Real>(x: Inputs<'_, T>, k: usize) -> T {
    if x.len() == 2 { x.value(1)[k] } else { T::ONE }
}

impl<T: Real> Op<T> for Nll {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        super::cross_entropy::scored(x)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let n = x.shape(0).last().copied().unwrap_or(0).max(1);
        y[0] = T::ZERO;
        for (k, (row, &class)) in x[0].chunks_exact(n).zip(x.indices()).enumerate() {
            let weight = weight(x, k);
            if weight != T::ZERO {
                y[0] -= weight * row[class];
            }
        }
    }
    fn differentiable(&self, i: usize) -> bool {
        i == 0
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let n = x.shape(0).last().copied().unwrap_or(0).max(1);
        for (k, (row, &class)) in dx.sum().chunks_exact_mut(n).zip(x.indices()).enumerate() {
            row[class] -= dy[0] * weight(x, k);
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `−Σₖ xₖ[iₖ]`, a single number: logarithms of probabilities `[.., C]`, one class for each row.
    #[track_caller]
    pub fn nll(self, classes: &[usize]) -> Self {
        self.tape().apply_indexed(Nll, &[self], classes)
    }

    /// `−Σₖ wₖ xₖ[iₖ]`: with a weight for each row, 0 for one that does not count (its class must exist all the
    /// same). The weights get no gradient.
    #[track_caller]
    pub fn nll_weighted(self, classes: &[usize], weights: Var<'t, T>) -> Self {
        self.tape().apply_indexed(Nll, &[self, weights], classes)
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[-0.3, -1.2, -2.0], [-2.0, -0.5, -0.1]]).into_dyn();
    crate::gradcheck::function(|_, x| x[0].nll(&[2, 0]) * 0.7, std::slice::from_ref(&x)).assert();
    crate::gradcheck::function(|t, x| x[0].nll_weighted(&[2, 0], t.constant([0.5, 0.0])), &[x])
        .assert();
}

#[test]
fn a_row_without_weight_is_ignored_even_at_minus_infinity() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(ndarray::arr2(&[[f64::NEG_INFINITY, -1.0], [-2.0, -3.0]]));
    let y = x.nll_weighted(&[0, 1], tape.constant([0.0, 2.0]));
    assert_eq!(y.item(), 6.0);
    assert_eq!(tape.backward(y)[x], ndarray::arr2(&[[0.0, 0.0], [0.0, -2.0]]).into_dyn());
}
