//! `y = √(Σ (x − m)² / (n − c))`, the standard deviation about the mean `m`, with correction `c`.
//!
//! ```text
//! x̄ₖ += ȳ (xₖ − m) / ((n − c) y),    0 where y = 0
//! ```
//!
//! Where all are equal there is a kink; 0 is the subgradient chosen there, as in PyTorch. The rest is as for
//! the [variance](super::variance).

use super::variance::Variance;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Std(pub Variance);

impl<T: Real> Op<T> for Std {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        self.0.fit(x)
    }
    /// The means.
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        self.0.over.results(x.shape(0))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], m: &mut [T]) {
        self.0.write(x, y, m);
        for y in y {
            *y = y.sqrt();
        }
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
        let divisor = self.0.divisor::<T>(x.shape(0));
        self.0.over.for_each(x.shape(0), |k, j| {
            if y[j].primal() != 0.0 {
                dx[k] += dy[j] * ((x[0][k] - m[j]) / (divisor * y[j]));
            }
        });
    }
}

impl<T: Real> Var<'_, T> {
    /// The standard deviation over an axis, several, or [`Over::all`], with the
    /// `correction` of the [variance](Var::var).
    #[track_caller]
    pub fn std(self, over: impl Into<Over>, correction: f64) -> Self {
        self.apply(Std(Variance { over: over.into(), correction }))
    }
}

#[test]
fn backward_matches_central_differences() {
    use crate::ops::reduction::examples::wave;
    for (shape, axes) in [(&[4][..], &[0][..]), (&[2, 3, 4], &[0, 2]), (&[2, 3, 4], &[1])] {
        let std = Std(Variance { over: Over::from(axes), correction: 1.0 });
        crate::gradcheck::op(std, &[wave(shape)]).assert();
    }
}

#[test]
fn equal_elements_deviate_by_0_and_have_no_slope() {
    let tape = crate::Tape::new();
    let x = tape.leaf([3.0, 3.0]);
    let y = x.std(0, 1.0);
    assert_eq!((y.item(), &tape.backward(y)[x]), (0.0, &ndarray::arr1(&[0.0, 0.0]).into_dyn()));
    assert_eq!(tape.leaf([1.0, 3.0]).std(0, 0.0).item(), 1.0);
}
