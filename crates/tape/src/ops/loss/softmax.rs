//! `y = eˣ / Σ eˣ` along the last axis, a distribution.
//!
//! ```text
//! x̄ += y ⊙ (ȳ − ⟨ȳ, y⟩)
//! ```
//!
//! The greatest entry is subtracted first, so that nothing overflows.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Softmax;

/// The shape of rows: that of the one input, which must have a last axis.
pub(super) fn rows<T: Real>(x: Inputs<'_, T>) -> Result<Shape, Misfit> {
    let [shape] = x.shapes()?;
    if shape.is_empty() {
        return Err(Misfit::new(
            "a number has no axis to normalise",
            "give it an axis with `reshape`",
        ));
    }
    Ok(shape.into())
}

/// The greatest entry of a row; NaN if there is one.
#[inline(always)]
pub(super) fn greatest<T: Real>(row: &[T]) -> T {
    row.iter().skip(1).fold(row[0], |max, &x| max.max(x))
}

/// Writes `eˣ⁻ᵐ` of a row and returns the sum, `m` being what keeps it from overflowing.
#[inline(always)]
pub(super) fn exponentials<T: Real>(x: &[T], m: T, y: &mut [T]) -> T {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - m).exp();
    }
    crate::ops::reduction::sum::sum(y)
}

impl<T: Real> Op<T> for Softmax {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        rows(x)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Some(&n @ 1..) = x.shape(0).last() else { return };
        T::vectorize(
            #[inline(always)]
            || {
                for (x, y) in x[0].chunks_exact(n).zip(y.chunks_exact_mut(n)) {
                    let sum = exponentials(x, greatest(x), y);
                    for y in y {
                        *y /= sum;
                    }
                }
            },
        );
    }
    fn backward(
        &self,
        _: usize,
        _: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let Some(&n @ 1..) = y.shape().last() else { return };
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                let rows = dx.chunks_exact_mut(n).zip(y.chunks_exact(n)).zip(dy.chunks_exact(n));
                for ((dx, y), dy) in rows {
                    let dot: T = dy.iter().zip(y).map(|(&dy, &y)| dy * y).sum();
                    for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                        *dx += y * (dy - dot);
                    }
                }
            },
        );
    }
}

impl<T: Real> Var<'_, T> {
    /// `eˣ / Σ eˣ` along the last axis.
    #[track_caller]
    pub fn softmax(self) -> Self {
        self.apply(Softmax)
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[0.3, -1.2, 2.0], [2.0, -0.5, 0.1]]).into_dyn();
    crate::gradcheck::op(Softmax, &[x]).assert();
}

#[test]
fn large_entries_do_not_overflow() {
    let tape = crate::Tape::<f64>::new();
    let y = tape.leaf([1e300, 1e300, -1e300]).softmax();
    assert_eq!(y.value(), ndarray::arr1(&[0.5, 0.5, 0.0]).into_dyn());
}
