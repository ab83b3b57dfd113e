//! `y = Σ (x − m)² / (n − c)`, the variance about the mean `m`, with correction `c`.
//!
//! ```text
//! x̄ₖ += ȳ · 2 (xₖ − m) / (n − c)
//! ```
//!
//! `c = 0` is the mean squared deviation, `c = 1` (Bessel) an unbiased estimate from a sample, and any number
//! will do. Where `n ≤ c` the divisor is 0 and the result NaN (∞ unless all are equal), as in NumPy and PyTorch.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Variance {
    /// The axes.
    pub over: Over,
    /// What is subtracted from the number of elements before dividing by it.
    pub correction: f64,
}

impl Variance {
    /// `n − c`, not below 0
    pub(super) fn divisor<T: Real>(&self, shape: &[usize]) -> T {
        T::of((self.over.each(shape) as f64 - self.correction).max(0.0))
    }
    pub(super) fn fit<T: Real>(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        if !self.correction.is_finite() {
            let rule = format!("the correction is {}", self.correction);
            return Err(Misfit::new(rule, "subtract a number, 0 or 1 as a rule"));
        }
        self.over.shape(shape)
    }
    /// Writes the variance and the mean.
    pub(super) fn write<T: Real>(&self, x: Inputs<'_, T>, y: &mut [T], m: &mut [T]) {
        super::mean::Mean(self.over.clone()).forward(x, m, &mut []);
        y.fill(T::ZERO);
        self.over.for_each(x.shape(0), |k, j| {
            let deviation = x[0][k] - m[j];
            y[j] += deviation * deviation;
        });
        let divisor = self.divisor(x.shape(0));
        for y in y {
            *y /= divisor;
        }
    }
}

impl<T: Real> Op<T> for Variance {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        self.fit(x)
    }
    /// The means.
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        self.over.results(x.shape(0))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], m: &mut [T]) {
        self.write(x, y, m);
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (m, dx) = (y.saved(), dx.sum());
        let factor = T::of(2.0) / self.divisor::<T>(x.shape(0));
        self.over.for_each(x.shape(0), |k, j| dx[k] += dy[j] * (factor * (x[0][k] - m[j])));
    }
}

impl<T: Real> Var<'_, T> {
    /// The variance over an axis, several, or [`Over::all`]; a `correction` of 1 makes it unbiased.
    #[track_caller]
    pub fn var(self, over: impl Into<Over>, correction: f64) -> Self {
        self.apply(Variance { over: over.into(), correction })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::reduction::examples::{SETS, wave};

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in SETS.iter().filter(|(shape, _)| !shape.contains(&0)) {
            let variance = Variance { over: Over::from(*axes), correction: 0.25 };
            crate::gradcheck::op(variance, &[wave(shape)]).assert();
        }
    }

    #[test]
    fn the_correction_changes_the_divisor() {
        let tape = crate::Tape::new();
        let x = tape.leaf(ndarray::arr2(&[[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]));
        assert_eq!(x.var(1, 0.0).value(), ndarray::arr1(&[14.0 / 3.0, 2.0]).into_dyn());
        assert_eq!(x.var(1, 1.0).value(), ndarray::arr1(&[7.0, 3.0]).into_dyn());
        assert!(x.var(1, 3.0).value().iter().all(|y| *y == f64::INFINITY));
    }

    #[test]
    fn one_element_varies_by_0_or_not_at_all() {
        let tape = crate::Tape::new();
        let x = tape.leaf([3.0f64]);
        let (biased, unbiased) = (x.var(0, 0.0), x.var(0, 1.0));
        assert_eq!((biased.item(), tape.backward(biased)[x][0]), (0.0, 0.0));
        assert!(unbiased.item().is_nan() && tape.backward(unbiased)[x][0].is_nan());
    }

    #[test]
    fn a_correction_without_a_value_is_refused() {
        let tape = crate::Tape::<f64>::new();
        let variance = Variance { over: Over::all(), correction: f64::NAN };
        assert_eq!(
            tape.try_apply(variance, &[tape.zeros(&[2])]).unwrap_err().to_string(),
            "Variance of [2]: the correction is NaN; subtract a number, 0 or 1 as a rule"
        );
    }
}
