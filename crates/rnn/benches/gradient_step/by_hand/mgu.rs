//! The minimal gated unit.
//!
//! ```text
//! f = σ(z_f + h U_f)     k = f ⊙ h     n = tanh(zₙ + k Uₙ)               h′ = (1 − f) ⊙ h + f ⊙ n
//! z̄ₙ = h̄′ ⊙ f ⊙ (1 − n²)               k̄ = z̄ₙ Uₙᵀ                        f̄ = h̄′ ⊙ (n − h) + k̄ ⊙ h
//! z̄_f = f̄ ⊙ f (1 − f)                  h̄ += h̄′ ⊙ (1 − f) + k̄ ⊙ f + z̄_f U_fᵀ
//! Ū_f = Hᵀ Z̄_f                         Ūₙ = Kᵀ Z̄ₙ
//! ```

use super::{
    cell::{Backward, Cell, Forward, Size},
    elman::slice,
    float::Float,
    lines::Lines,
    rows::columns,
};
use crate::model::Layer;
use ::tape::kernel::{Matrix, Scratch, gemm::Packed};
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Mgu<T> {
    size: Size,
    /// `U_f, Uₙ`, and transposed.
    u: [Packed<T>; 2],
    ut: [Packed<T>; 2],
    du: [Vec<T>; 2],
    /// `k`, `[T, B, H]`
    kept: Lines<T>,
    /// A product on its way, `[B, H]`.
    product: Lines<T>,
    /// `f̄` but for what comes through `k`, `[B, H]`.
    d_f: Lines<T>,
}

impl<T: Float> Cell<T> for Mgu<T> {
    fn new(_: &Layer<T>, size: Size) -> Self {
        let zeros = |len| vec![T::ZERO; len];
        let (step, square) = (size.batch * size.hidden, size.hidden * size.hidden);
        Self {
            size,
            u: Default::default(),
            ut: Default::default(),
            du: [zeros(square), zeros(square)],
            kept: Lines::zeros(size.steps * step),
            product: Lines::zeros(step),
            d_f: Lines::zeros(step),
        }
    }

    fn pack(&mut self, layer: &Layer<T>) {
        for k in 0..2 {
            let u = columns(slice(&layer.u), 2, self.size.hidden, k);
            T::pack(&mut self.u[k], u);
            T::pack(&mut self.ut[k], u.t());
        }
    }

    fn forward(&mut self, scratch: &mut Scratch<T>, _: &Layer<T>, step: Forward<'_, T>) {
        let Size { hidden, batch, .. } = self.size;
        let Forward { t, z, h, new, from_zero, .. } = step;
        let (kept, product) =
            (&mut self.kept[t * batch * hidden..][..batch * hidden], &mut self.product);
        let multiply = |scratch: &mut _, x: &[T], u, y: &mut [T]| {
            if from_zero {
                y.fill(T::ZERO);
            } else {
                T::multiply(scratch, Matrix::row_major(x, batch, hidden), u, y, false);
            }
        };
        multiply(scratch, h, &self.u[0], product);
        T::vectorize(
            #[inline(always)]
            || {
                let rows = z.chunks_exact_mut(2 * hidden).zip(product.chunks_exact(hidden));
                let states = h.chunks_exact(hidden).zip(kept.chunks_exact_mut(hidden));
                for ((z, p), (h, kept)) in rows.zip(states) {
                    let (f, p) = (&mut z[..hidden], &p[..hidden]);
                    let (h, kept) = (&h[..hidden], &mut kept[..hidden]);
                    for k in 0..hidden {
                        f[k] = (f[k] + p[k]).sigmoid();
                        kept[k] = f[k] * h[k];
                    }
                }
            },
        );
        multiply(scratch, kept, &self.u[1], product);
        T::vectorize(
            #[inline(always)]
            || {
                let rows = z.chunks_exact_mut(2 * hidden).zip(product.chunks_exact(hidden));
                let states = h.chunks_exact(hidden).zip(new.chunks_exact_mut(hidden));
                for ((z, p), (h, new)) in rows.zip(states) {
                    let (f, n) = z.split_at_mut(hidden);
                    let (n, p) = (&mut n[..hidden], &p[..hidden]);
                    let (h, new) = (&h[..hidden], &mut new[..hidden]);
                    for k in 0..hidden {
                        n[k] = (n[k] + p[k]).tanh();
                        new[k] = (T::ONE - f[k]) * h[k] + f[k] * n[k];
                    }
                }
            },
        );
    }

    fn backward(&mut self, scratch: &mut Scratch<T>, step: Backward<'_, T>) {
        let Size { hidden, .. } = self.size;
        let Backward { z, h, d_new, mut d_h, .. } = step;
        let (d_f, product) = (&mut self.d_f, &mut self.product);
        T::vectorize(
            #[inline(always)]
            || {
                let rows = z.chunks_exact_mut(2 * hidden).zip(d_f.chunks_exact_mut(hidden));
                let states = h.chunks_exact(hidden).zip(d_new.chunks_exact(hidden));
                for ((z, d_f), (h, d)) in rows.zip(states) {
                    let (f, n) = z.split_at_mut(hidden);
                    let (n, d_f) = (&mut n[..hidden], &mut d_f[..hidden]);
                    let (h, d) = (&h[..hidden], &d[..hidden]);
                    for k in 0..hidden {
                        d_f[k] = d[k] * (n[k] - h[k]);
                        n[k] = d[k] * f[k] * (T::ONE - n[k] * n[k]);
                    }
                }
            },
        );
        T::multiply(scratch, columns(z, 2, hidden, 1), &self.ut[1], product, false);
        T::vectorize(
            #[inline(always)]
            || {
                if let Some((d_h, add)) = &mut d_h {
                    if !*add {
                        d_h.fill(T::ZERO);
                    }
                    let rows = z.chunks_exact(2 * hidden).zip(d_h.chunks_exact_mut(hidden));
                    let terms = d_new.chunks_exact(hidden).zip(product.chunks_exact(hidden));
                    for ((z, d_h), (d, d_kept)) in rows.zip(terms) {
                        let (f, d_h) = (&z[..hidden], &mut d_h[..hidden]);
                        let (d, d_kept) = (&d[..hidden], &d_kept[..hidden]);
                        for k in 0..hidden {
                            d_h[k] += d[k] * (T::ONE - f[k]) + d_kept[k] * f[k];
                        }
                    }
                }
                let rows = z.chunks_exact_mut(2 * hidden).zip(d_f.chunks_exact(hidden));
                let terms = h.chunks_exact(hidden).zip(product.chunks_exact(hidden));
                for ((z, d_f), (h, d_kept)) in rows.zip(terms) {
                    let (f, d_f) = (&mut z[..hidden], &d_f[..hidden]);
                    let (h, d_kept) = (&h[..hidden], &d_kept[..hidden]);
                    for k in 0..hidden {
                        f[k] = (d_f[k] + d_kept[k] * h[k]) * (f[k] * (T::ONE - f[k]));
                    }
                }
            },
        );
        if let Some((d_h, _)) = d_h {
            T::multiply(scratch, columns(z, 2, hidden, 0), &self.ut[0], d_h, true);
        }
    }

    fn finish(&mut self, scratch: &mut Scratch<T>, steps: Range<usize>, h: &[T], dz: &[T]) {
        let Size { hidden, batch, .. } = self.size;
        let rows = steps.start * batch..steps.end * batch;
        let dz = &dz[rows.start * 2 * hidden..rows.end * 2 * hidden];
        let kept = &self.kept[rows.start * hidden..rows.end * hidden];
        for (k, left) in [h, kept].into_iter().enumerate() {
            let left = Matrix::row_major(left, rows.len(), hidden);
            T::gemm(scratch, left.t(), columns(dz, 2, hidden, k), &mut self.du[k], false);
        }
    }

    fn gradients(&self) -> [&[T]; 2] {
        [&self.du[0], &self.du[1]]
    }

    fn lend(&mut self, lend: &mut dyn FnMut(&mut Vec<T>)) {
        self.du.iter_mut().for_each(lend);
    }
}
