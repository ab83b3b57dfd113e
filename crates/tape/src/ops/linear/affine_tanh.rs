//! `Y = tanh(X W + c)`, the step of a simple recurrence as one node.
//!
//! ```text
//! Z̄ = Ȳ ⊙ (1 − Y²), then as for Z = X W + c
//! ```
//!
//! The sum is overwritten by its tanh while it is still in the cache; no adjoint needs it.

use super::affine::Affine;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, RowSum, Shape, Var};

/// See the [module](self). Inputs: those of [`Affine`].
#[derive(Debug, Clone, Copy)]
pub struct AffineTanh;

impl<T: Real> Op<T> for AffineTanh {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        Affine.shape(x)
    }
    fn shaped_like(&self, x: Inputs<'_, T>) -> Option<usize> {
        Affine.shaped_like(x)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        Affine.forward(x, y, saved);
        T::vectorize(
            #[inline(always)]
            || {
                for y in y {
                    *y = y.tanh();
                }
            },
        );
    }
    fn outermost(&self, y: Output<'_, T>, dy: &mut [T]) {
        T::vectorize(
            #[inline(always)]
            || {
                for (dy, &y) in dy.iter_mut().zip(&*y) {
                    *dy = (*dy * (T::ONE - y * y)).flushed();
                }
            },
        );
    }
    fn backward(&self, i: usize, x: Inputs<'_, T>, y: Output<'_, T>, dz: &[T], dx: Adjoint<'_, T>) {
        Affine.backward(i, x, y, dz, dx);
    }
    fn passes(&self, i: usize, x: Inputs<'_, T>) -> bool {
        Affine.passes(i, x)
    }
    fn reads(&self, i: usize, x: Inputs<'_, T>) -> bool {
        Affine.reads(i, x)
    }
    fn row_sum(&self, i: usize, x: Inputs<'_, T>) -> Option<RowSum> {
        Affine.row_sum(i, x)
    }
    fn flops(&self, x: Inputs<'_, T>, y: &[usize]) -> u64 {
        Affine.flops(x, y) + crate::shape::len(y) as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `tanh(X W + c)`, to the bits of [`affine`](Var::affine) and [`tanh`](Var::tanh) one after the other.
    #[track_caller]
    pub fn affine_tanh(self, weight: Var<'t, T>, bias: Var<'t, T>) -> Self {
        self.tape().apply(AffineTanh, &[self, weight, bias])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, ArrayD};

    fn inputs() -> [ArrayD<f64>; 3] {
        let wave = |rows, cols| {
            Array2::from_shape_fn((rows, cols), |(i, j)| f64::sin((i * i + 3 * j) as f64))
        };
        [wave(3, 2).into_dyn(), wave(2, 4).into_dyn(), Array1::linspace(-0.5, 0.5, 4).into_dyn()]
    }

    #[test]
    fn backward_matches_central_differences() {
        crate::gradcheck::op(AffineTanh, &inputs()).assert();
    }

    #[test]
    fn one_node_has_the_bits_of_two() {
        let tape = crate::Tape::new();
        let [x, w, c] = inputs().map(|x| tape.leaf(&x));
        let (one, two) = (x.affine_tanh(w, c), x.affine(w, c).tanh());
        assert_eq!(one.value(), two.value());
        let (one, two) = (tape.backward(one.square().sum()), tape.backward(two.square().sum()));
        for var in [x, w, c] {
            assert_eq!(one[var], two[var]);
        }
    }

    #[test]
    fn an_adjoint_below_the_normal_numbers_ends_at_a_product() {
        let tape = crate::Tape::new();
        let [x, w, c] = inputs().map(|x| tape.leaf(&x));
        for (loss, reaches) in [(1e-300, true), (1e-309, false)] {
            for y in [x.affine_tanh(w, c), x.affine(w, c)] {
                let gradients = tape.backward(y.sum() * loss);
                for var in [x, w, c] {
                    assert_eq!(gradients[var].iter().any(|&dx| dx != 0.0), reaches);
                }
            }
        }
    }
}
