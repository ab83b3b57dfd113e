//! `y = ln Σ eˣ`, the logarithm of a sum of exponentials.
//!
//! ```text
//! y = m + ln s,    s = Σ eˣ⁻ᵐ,    m = max x
//! x̄ₖ += ȳ eˣ⁻ᵐ / s
//! ```
//!
//! The gradient is the softmax itself and not `eˣ⁻ʸ`: of (10³⁰⁸, 10³⁰⁸) it is (½, ½), though
//! `y` rounds to 10³⁰⁸. Of nothing, and of −∞ alone, `y` = −∞. The gradient is NaN where no softmax
//! is: at +∞ itself, where all are −∞, and for all if one is NaN.

use super::extremum::Extremum;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct LogSumExp(pub Over);

impl<T: Real> Op<T> for LogSumExp {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        self.0.shape(shape)
    }
    /// `m`, then `s`
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        2 * self.0.results(x.shape(0))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let (m, s) = saved.split_at_mut(y.len());
        m.fill(T::ZERO);
        Extremum::Greatest.find(&self.0, x.shape(0), |k| x[0][k], m, s);
        // The shift is a constant, and an infinite one would make NaN of every difference.
        for m in &mut *m {
            *m = if m.is_finite() { T::of(m.primal()) } else { T::ZERO };
        }
        s.fill(T::ZERO);
        T::vectorize(
            #[inline(always)]
            || self.0.for_each(x.shape(0), |k, j| s[j] += (x[0][k] - m[j]).exp()),
        );
        for ((y, &m), &s) in y.iter_mut().zip(&*m).zip(&*s) {
            *y = m + s.ln();
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
        let (m, s) = y.saved().split_at(y.len());
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                self.0
                    .for_each(x.shape(0), |k, j| dx[k] += dy[j] * ((x[0][k] - m[j]).exp() / s[j]));
            },
        );
    }
}

impl<T: Real> Var<'_, T> {
    /// `ln Σ eˣ` over an axis, several, or [`Over::all`], without overflow.
    #[track_caller]
    pub fn logsumexp(self, over: impl Into<Over>) -> Self {
        self.reduce(over, LogSumExp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Tape,
        ops::reduction::examples::{SETS, same, wave},
    };
    use std::f64::consts::LN_2;

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in SETS.iter().filter(|(shape, _)| !shape.contains(&0)) {
            crate::gradcheck::op(LogSumExp(Over::from(*axes)), &[wave(shape)]).assert();
        }
    }

    /// What it is at `x`, and its gradient.
    fn at(x: &[f64]) -> (f64, Vec<f64>) {
        let tape = Tape::new();
        let x = tape.leaf(x);
        let y = x.logsumexp(Over::all());
        (y.item(), tape.backward(y)[x].iter().copied().collect())
    }

    #[test]
    fn equal_entries_share_however_large() {
        for x in [0.0, 1000.0, -1000.0, 1e15] {
            let (y, dx) = at(&[x, x]);
            assert_eq!((y, dx), (x + LN_2, vec![0.5, 0.5]));
        }
        assert_eq!(at(&[1e308, 1e308, -1e308]), (1e308, vec![0.5, 0.5, 0.0]));
    }

    #[test]
    fn infinities_follow_pytorch_and_jax() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (x, y, dx) in [
            (&[inf, 0.0, 1.0][..], inf, &[nan, 0.0, 0.0][..]),
            (&[inf, inf], inf, &[nan, nan]),
            (&[-inf, 0.0, 0.0], LN_2, &[0.0, 0.5, 0.5]),
            (&[-inf, -inf], -inf, &[nan, nan]),
            (&[nan, 0.0], nan, &[nan, nan]),
            (&[], -inf, &[]),
        ] {
            let (found, found_dx) = at(x);
            assert!(same(&[found], &[y]) && same(&found_dx, dx), "{x:?}: {found} {found_dx:?}");
        }
    }
}
