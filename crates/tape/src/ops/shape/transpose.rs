//! `y[…, j, …, i, …] = x[…, i, …, j, …]`, two axes swapped.
//!
//! ```text
//! x̄ += ȳ, its axes swapped back
//! ```
//!
//! (A product reads its operands transposed without a copy: [`Var::matmul_t`], [`Var::t_matmul`].)

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};
use std::mem::swap;

/// See the [module](self). The axes count from the front.
#[derive(Debug, Clone, Copy)]
pub struct Transpose(pub usize, pub usize);

impl Transpose {
    /// The places in `x` in the order of `y`: `x` is `[p, i, q, j, r]`, `y` is `[p, j, q, i, r]`.
    fn places(self, x: &[usize]) -> impl Iterator<Item = usize> {
        let Transpose(mut a, mut b) = self;
        if a > b {
            swap(&mut a, &mut b);
        }
        let len = |axes: &[usize]| axes.iter().product::<usize>();
        let (p, q, r) = (len(&x[..a]), len(&x[(a + 1).min(b)..b]), len(&x[b + 1..]));
        let (ni, nj) = if a == b { (1, x[a]) } else { (x[a], x[b]) };
        (0..p).flat_map(move |p| {
            (0..nj).flat_map(move |j| {
                (0..q).flat_map(move |k| {
                    (0..ni).flat_map(move |i| {
                        let start = (((p * ni + i) * q + k) * nj + j) * r;
                        start..start + r
                    })
                })
            })
        })
    }
}

impl<T: Real> Op<T> for Transpose {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        if self.0.max(self.1) >= shape.len() {
            return Err(Misfit::new(
                format!("there are no axes {} and {}", self.0, self.1),
                "axes count from 0 up to the rank",
            ));
        }
        let mut shape = Shape::from_slice(shape);
        shape.swap(self.0, self.1);
        Ok(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for (y, at) in y.iter_mut().zip(self.places(x.shape(0))) {
            *y = x[0][at];
        }
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let dx = dx.sum();
        for (&dy, at) in dy.iter().zip(self.places(x.shape(0))) {
            dx[at] += dy;
        }
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// Two axes swapped; `-1` is the last.
    #[track_caller]
    pub fn transpose(self, a: isize, b: isize) -> Self {
        self.apply(Transpose(self.axis("Transpose", a), self.axis("Transpose", b)))
    }

    /// The transpose of a matrix: its last two axes swapped.
    #[track_caller]
    pub fn t(self) -> Self {
        self.transpose(-2, -1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_matches_central_differences() {
        let x = ndarray::Array::from_shape_fn((2, 3, 2, 2), |(i, j, k, l)| {
            (i + 2 * j + 5 * k + 9 * l) as f64
        });
        for (a, b) in [(0, 1), (0, 2), (1, 3), (2, 3), (3, 0), (1, 1)] {
            crate::gradcheck::op(Transpose(a, b), &[x.clone().into_dyn()]).assert();
        }
    }

    #[test]
    fn axes_are_swapped_as_ndarray_swaps_them() {
        let tape = crate::Tape::new();
        let x = ndarray::Array::from_shape_fn((2, 3, 4, 5), |(i, j, k, l)| {
            (i * 60 + j * 20 + k * 5 + l) as f64
        });
        for (a, b) in [(0, 1), (0, 2), (1, 3), (2, 3), (3, 0), (1, 1)] {
            let mut expected = x.clone();
            expected.swap_axes(a, b);
            assert_eq!(
                tape.leaf(&x).transpose(a as isize, b as isize).value(),
                expected.into_dyn()
            );
        }
    }
}
