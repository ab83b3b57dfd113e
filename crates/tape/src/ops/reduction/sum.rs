//! `y = Σ x`, over all axes or some.
//!
//! ```text
//! x̄ₖ += ȳ
//! ```
//!
//! The sum of nothing is 0. A NaN or an infinity in `x` reaches `y` but not `x̄`.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Sum(pub Over);

/// `Σ` of a contiguous stretch, in eight interleaved sums: fast, and rounder than one after another.
#[inline(always)] // within what is vectorised
pub(crate) fn sum<T: Real>(x: &[T]) -> T {
    let mut lanes = [T::ZERO; 8];
    add(x, &mut lanes);
    total(lanes, x.chunks_exact(8).remainder().iter().copied())
}

/// Goes on with the eight sums, as far as there are eight elements.
#[inline(always)] // within what is vectorised
pub(crate) fn add<T: Real>(x: &[T], lanes: &mut [T; 8]) {
    for chunk in x.chunks_exact(8) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
}

/// The sum of the eight, and of the `rest` behind them.
#[inline(always)] // within what is vectorised
pub(crate) fn total<T: Real>([a, b, c, d, e, f, g, h]: [T; 8], rest: impl Iterator<Item = T>) -> T {
    rest.fold(((a + e) + (c + g)) + ((b + f) + (d + h)), |sum, x| sum + x)
}

impl<T: Real> Op<T> for Sum {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        self.0.shape(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.fill(T::ZERO);
        T::vectorize(
            #[inline(always)]
            || {
                self.0.for_each_run(x.shape(0), |run| {
                    let row = &x[0][run.a..run.a + run.len];
                    if run.b_step == 0 {
                        y[run.b] += sum(row);
                    } else {
                        for (y, &x) in y[run.b..].iter_mut().zip(row) {
                            *y += x;
                        }
                    }
                });
            },
        );
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        spread(&self.0, x, dy, dx, |dy| dy);
    }
    /// One addition for each element.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        x.value(0).len() as u64
    }
}

/// `x̄ₖ += f(ȳ)` for every `k` that was reduced into `y`.
pub(super) fn spread<T: Real>(
    over: &Over,
    x: Inputs<'_, T>,
    dy: &[T],
    mut dx: Adjoint<'_, T>,
    f: impl Fn(T) -> T,
) {
    let dx = dx.sum();
    T::vectorize(
        #[inline(always)]
        || {
            over.for_each_run(x.shape(0), |run| {
                let row = &mut dx[run.a..run.a + run.len];
                if run.b_step == 0 {
                    let term = f(dy[run.b]);
                    for dx in row {
                        *dx += term;
                    }
                } else {
                    for (dx, &dy) in row.iter_mut().zip(&dy[run.b..]) {
                        *dx += f(dy);
                    }
                }
            });
        },
    );
}

impl<T: Real> Var<'_, T> {
    /// The sum of all elements, a single number; 0 of none.
    #[track_caller]
    pub fn sum(self) -> Self {
        self.apply(Sum(Over::all()))
    }

    /// The sum along one axis, which disappears; `-1` is the last.
    #[track_caller]
    pub fn sum_axis(self, axis: isize) -> Self {
        self.sum_over(axis)
    }

    /// The sum over an axis, several (`[0, -1]`), or [`Over::all`]; [`Over::keep`] keeps them.
    #[track_caller]
    pub fn sum_over(self, over: impl Into<Over>) -> Self {
        self.reduce(over, Sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::reduction::examples::{SETS, wave};

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in SETS {
            crate::gradcheck::op(Sum(Over::from(*axes)), &[wave(shape)]).assert();
            crate::gradcheck::op(Sum(Over::from(*axes).keep()), &[wave(shape)]).assert();
        }
        crate::gradcheck::op(Sum(Over::all()), &[wave(&[2, 3, 4])]).assert();
    }

    #[test]
    fn axes_are_summed_one_after_another_as_ndarray_does() {
        let tape = crate::Tape::new();
        let x = ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| (i * 12 + j * 4 + k) as f64);
        let var = tape.leaf(&x);
        for axis in 0..3 {
            let expected = x.sum_axis(ndarray::Axis(axis)).into_dyn();
            assert_eq!(var.sum_axis(axis as isize).value(), expected);
            assert_eq!(var.sum_axis(axis as isize - 3).value(), expected);
        }
        let both = x.sum_axis(ndarray::Axis(2)).sum_axis(ndarray::Axis(0)).into_dyn();
        assert_eq!(var.sum_over([0, -1]).value(), both);
        assert_eq!(var.sum().item(), x.sum());
    }

    #[test]
    fn the_sum_of_nothing_is_nothing() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.zeros(&[0, 3]);
        assert_eq!(x.sum().item(), 0.0);
        assert_eq!(x.sum_axis(0).value(), ndarray::arr1(&[0.0; 3]).into_dyn());
        assert_eq!(x.sum_axis(1).shape()[..], [0]);
    }
}
