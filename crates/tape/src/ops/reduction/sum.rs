//! `y = Σ x`, over everything or along one axis.
//!
//! ```text
//! x̄ₖ += ȳ
//! ```

use super::Axis;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). `axis: None` sums everything to a single number.
#[derive(Debug, Clone, Copy)]
pub struct Sum {
    /// The axis along which to sum, counted from the front; it disappears.
    pub axis: Option<usize>,
}

/// The axis to reduce, or the whole array as one.
pub(super) fn around<T: Real>(x: Inputs<'_, T>, axis: Option<usize>) -> Result<Axis, Misfit> {
    match axis {
        Some(axis) => Axis::of(x.shape(0), axis),
        None => Ok(Axis { outer: 1, n: x.shape(0).iter().product(), inner: 1 }),
    }
}

/// The shape without `axis`.
pub(super) fn without<T: Real>(x: Inputs<'_, T>, axis: Option<usize>) -> Result<Shape, Misfit> {
    let [shape] = x.shapes()?;
    around(x, axis)?;
    let mut shape = Shape::from_slice(shape);
    match axis {
        Some(axis) => drop(shape.remove(axis)),
        None => shape.clear(),
    }
    Ok(shape)
}

/// `Σ` of a contiguous stretch, in eight interleaved sums: fast, and rounder than one after another.
#[inline(always)]
pub(crate) fn sum<T: Real>(x: &[T]) -> T {
    let mut lanes = [T::ZERO; 8];
    let chunks = x.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter().fold(((a + e) + (c + g)) + ((b + f) + (d + h)), |sum, &x| sum + x)
}

impl<T: Real> Op<T> for Sum {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        without(x, self.axis)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Ok(Axis { n, inner, .. }) = around(x, self.axis) else { return };
        y.fill(T::ZERO);
        T::vectorize(
            #[inline(always)]
            || {
                if n == 0 {
                } else if inner == 1 {
                    for (y, row) in y.iter_mut().zip(x[0].chunks_exact(n)) {
                        *y = sum(row);
                    }
                } else if inner > 0 {
                    for (y, block) in y.chunks_exact_mut(inner).zip(x[0].chunks_exact(n * inner)) {
                        for row in block.chunks_exact(inner) {
                            for (y, &x) in y.iter_mut().zip(row) {
                                *y += x;
                            }
                        }
                    }
                }
            },
        );
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let Ok(axis) = around(x, self.axis) else { return };
        spread(axis, dy, dx, |dy| dy);
    }
    /// One addition for each element.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        x.value(0).len() as u64
    }
}

/// `x̄ₖ += f(ȳ)` for every `k` that was reduced into `y`.
pub(super) fn spread<T: Real>(axis: Axis, dy: &[T], mut dx: Adjoint<'_, T>, f: impl Fn(T) -> T) {
    let Axis { n, inner, .. } = axis;
    let dx = dx.sum();
    if n * inner == 0 {
        return;
    }
    T::vectorize(
        #[inline(always)]
        || {
            for (dx, dy) in dx.chunks_exact_mut(n * inner).zip(dy.chunks_exact(inner)) {
                if inner == 1 {
                    let term = f(dy[0]);
                    for dx in dx {
                        *dx += term;
                    }
                    continue;
                }
                for row in dx.chunks_exact_mut(inner) {
                    for (dx, &dy) in row.iter_mut().zip(dy) {
                        *dx += f(dy);
                    }
                }
            }
        },
    );
}

impl<T: Real> Var<'_, T> {
    /// The sum of all elements, a single number; 0 of none.
    #[track_caller]
    pub fn sum(self) -> Self {
        self.apply(Sum { axis: None })
    }

    /// The sum along one axis, which disappears; `-1` is the last.
    #[track_caller]
    pub fn sum_axis(self, axis: isize) -> Self {
        self.apply(Sum { axis: Some(self.axis("Sum", axis)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_matches_central_differences() {
        let x = ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| {
            f64::sin((i + 3 * j + 7 * k) as f64)
        });
        for axis in [None, Some(0), Some(1), Some(2)] {
            crate::gradcheck::op(Sum { axis }, &[x.clone().into_dyn()]).assert();
        }
    }

    #[test]
    fn each_axis_is_summed_as_ndarray_does() {
        let tape = crate::Tape::new();
        let x = ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| (i * 12 + j * 4 + k) as f64);
        let var = tape.leaf(&x);
        for axis in 0..3 {
            let expected = x.sum_axis(ndarray::Axis(axis)).into_dyn();
            assert_eq!(var.sum_axis(axis as isize).value(), expected);
            assert_eq!(var.sum_axis(axis as isize - 3).value(), expected);
        }
        assert_eq!(var.sum().item(), x.sum());
    }
}
