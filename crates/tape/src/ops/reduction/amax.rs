//! `y = max x`, the greatest over all axes or some.
//!
//! ```text
//! x̄ₖ += ȳ [xₖ = y] / #{l : xₗ = y}
//! ```
//!
//! Those that are equally great share the gradient equally, as in PyTorch and JAX; [`max_axis`](Var::max_axis) gives it
//! all to the first. If one is NaN, so are `y` and the whole gradient. Nothing has no greatest element.

use super::extremum::{Extremum, share};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Amax(pub Over);

impl<T: Real> Op<T> for Amax {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        self.0.shape_of_some(shape, "nothing has no greatest element")
    }
    /// How many elements attain each `y`.
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        self.0.results(x.shape(0))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], ties: &mut [T]) {
        Extremum::Greatest.find(&self.0, x.shape(0), |k| x[0][k], y, ties);
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let dx = dx.sum();
        let found = (&y[..], y.saved());
        share(&self.0, x.shape(0), |k| x[0][k], found, dy, |k, term| dx[k] += term);
    }
}

impl<T: Real> Var<'_, T> {
    /// The greatest element over an axis, several, or [`Over::all`]; equals share the gradient.
    ///
    /// # Panics
    /// When there is nothing to choose from.
    #[track_caller]
    pub fn amax(self, over: impl Into<Over>) -> Self {
        self.reduce(over, Amax)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Tape,
        ops::reduction::examples::{SETS, same, wave},
    };

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in SETS.iter().filter(|(shape, _)| !shape.contains(&0)) {
            crate::gradcheck::op(Amax(Over::from(*axes)), &[wave(shape)]).assert();
        }
    }

    #[test]
    fn equals_share_and_nan_takes_all() {
        let gradient = |x: &[f64]| {
            let tape = Tape::new();
            let x = tape.leaf(x);
            let y = x.amax(Over::all());
            (y.item(), tape.backward(y)[x].iter().copied().collect::<Vec<_>>())
        };
        let inf = f64::INFINITY;
        assert_eq!(gradient(&[2.0, 2.0, 2.0, 2.0]), (2.0, vec![0.25; 4]));
        assert_eq!(gradient(&[inf, inf]), (inf, vec![0.5; 2]));
        assert_eq!(gradient(&[-inf, -inf]), (-inf, vec![0.5; 2]));
        let (y, dx) = gradient(&[f64::NAN, 1.0]);
        assert!(y.is_nan() && same(&dx, &[f64::NAN; 2]));
    }

    #[test]
    fn of_nothing_there_is_none() {
        let tape = Tape::<f64>::new();
        let x = tape.zeros(&[0, 3]);
        assert_eq!(
            tape.try_apply(Amax(Over::from(0)), &[x]).unwrap_err().to_string(),
            "Amax of [0, 3]: nothing has no greatest element; reduce over axes that have a length"
        );
        assert_eq!(x.amax(1).shape()[..], [0], "no results are wanted here");
    }
}
