//! `h′ = tanh(z + h U)`, and back: `z̄ = h̄′ ⊙ (1 − h′²)`, `h̄ += z̄ Uᵀ`, `Ū = Hᵀ Z̄`.

use super::{
    cell::{Backward, Cell, Forward, Size},
    float::Float,
};
use crate::model::Layer;
use ::tape::kernel::{Matrix, Scratch, gemm::Packed};
use std::ops::Range;

/// Rows so few that `U` is as well read where it stands.
const FEW: usize = 8;

#[derive(Debug)]
pub(crate) struct Elman<T> {
    size: Size,
    u: Packed<T>,
    ut: Packed<T>,
    du: Vec<T>,
}

impl<T: Float> Cell<T> for Elman<T> {
    fn new(layer: &Layer<T>, size: Size) -> Self {
        let du = vec![T::ZERO; layer.u.len()];
        Self { size, u: Packed::default(), ut: Packed::default(), du }
    }

    fn pack(&mut self, layer: &Layer<T>) {
        let u = Matrix::row_major(slice(&layer.u), self.size.hidden, self.size.hidden);
        if self.size.batch > FEW {
            T::pack(&mut self.u, u);
        }
        T::pack(&mut self.ut, u.t());
    }

    fn forward(&mut self, scratch: &mut Scratch<T>, layer: &Layer<T>, step: Forward<'_, T>) {
        let Forward { z, h, new, .. } = step;
        let Size { hidden, batch, .. } = self.size;
        let h = Matrix::row_major(h, batch, hidden);
        if step.from_zero {
        } else if batch <= FEW {
            T::gemm(scratch, h, Matrix::row_major(slice(&layer.u), hidden, hidden), z, true);
        } else {
            T::multiply(scratch, h, &self.u, z, true);
        }
        T::vectorize(
            #[inline(always)]
            || {
                for (h, &z) in new.iter_mut().zip(&*z) {
                    *h = z.tanh();
                }
            },
        );
    }

    fn backward(&mut self, scratch: &mut Scratch<T>, step: Backward<'_, T>) {
        let Backward { z, new, d_new, d_h, .. } = step;
        T::vectorize(
            #[inline(always)]
            || {
                for ((z, &h), &d) in z.iter_mut().zip(new).zip(d_new) {
                    *z = (d * (T::ONE - h * h)).flushed();
                }
            },
        );
        if let Some((d_h, add)) = d_h {
            let dz = Matrix::row_major(z, self.size.batch, self.size.hidden);
            T::multiply(scratch, dz, &self.ut, d_h, add);
        }
    }

    fn finish(&mut self, scratch: &mut Scratch<T>, steps: Range<usize>, h: &[T], dz: &[T]) {
        let Size { hidden, batch, .. } = self.size;
        let rows = steps.len() * batch;
        let dz = &dz[steps.start * batch * hidden..][..rows * hidden];
        let (h, dz) = (Matrix::row_major(h, rows, hidden), Matrix::row_major(dz, rows, hidden));
        T::gemm(scratch, h.t(), dz, &mut self.du, false);
    }

    fn gradients(&self) -> [&[T]; 2] {
        [&self.du, &[]]
    }

    fn lend(&mut self, lend: &mut dyn FnMut(&mut Vec<T>)) {
        lend(&mut self.du);
    }
}

/// The elements of a parameter, row after row.
pub(super) fn slice<T>(array: &ndarray::ArrayD<T>) -> &[T] {
    array.as_slice().unwrap_or(&[])
}
