//! The gated recurrent unit, reset after the product.
//!
//! ```text
//! a = h U      r, u = σ(z + a)      q = aₙ + bₕₙ      n = tanh(zₙ + r ⊙ q)      h′ = (1 − u) ⊙ n + u ⊙ h
//! n̄ = h̄′ ⊙ (1 − u) ⊙ (1 − n²)       ū = h̄′ ⊙ (h − n) ⊙ u (1 − u)               r̄ = n̄ ⊙ q ⊙ r (1 − r)
//! z̄ = (r̄, ū, n̄)                     ā = (r̄, ū, n̄ ⊙ r)                          h̄ += h̄′ ⊙ u + ā Uᵀ,  Ū = Hᵀ Ā
//! ```
//!
//! The gates take the place of `z`, and `q` that of `aₙ`; then their adjoints take theirs.

use super::{
    cell::{Backward, Cell, Forward, Size},
    elman::slice,
    float::Float,
    lines::Lines,
    rows::{columns, sum_rows},
};
use crate::model::Layer;
use ::tape::kernel::{Matrix, Scratch, gemm::Packed};
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Gru<T> {
    size: Size,
    u: Packed<T>,
    ut: Packed<T>,
    du: Vec<T>,
    db_n: Vec<T>,
    /// `a`, `[T, B, 3H]`
    recurrent: Lines<T>,
}

/// The three blocks of a row `[3H]`.
#[inline(always)]
fn blocks<T>(row: &mut [T], hidden: usize) -> [&mut [T]; 3] {
    let (r, rest) = row.split_at_mut(hidden);
    let (u, n) = rest.split_at_mut(hidden);
    [r, u, &mut n[..hidden]]
}

impl<T: Float> Cell<T> for Gru<T> {
    fn new(layer: &Layer<T>, size: Size) -> Self {
        let zeros = |len| vec![T::ZERO; len];
        Self {
            size,
            u: Packed::default(),
            ut: Packed::default(),
            du: zeros(layer.u.len()),
            db_n: zeros(size.hidden),
            recurrent: Lines::zeros(size.steps * size.batch * 3 * size.hidden),
        }
    }

    fn pack(&mut self, layer: &Layer<T>) {
        let u = Matrix::row_major(slice(&layer.u), self.size.hidden, 3 * self.size.hidden);
        T::pack(&mut self.u, u);
        T::pack(&mut self.ut, u.t());
    }

    fn forward(&mut self, scratch: &mut Scratch<T>, layer: &Layer<T>, step: Forward<'_, T>) {
        let Size { hidden, batch, .. } = self.size;
        let Forward { t, z, h, new, .. } = step;
        let len = batch * 3 * hidden;
        let a = &mut self.recurrent[t * len..][..len];
        if step.from_zero {
            a.fill(T::ZERO);
        } else {
            T::multiply(scratch, Matrix::row_major(h, batch, hidden), &self.u, a, false);
        }
        let b_n = layer.b_n.as_ref().map_or(&[][..], slice);
        T::vectorize(
            #[inline(always)]
            || {
                let rows = z.chunks_exact_mut(3 * hidden).zip(a.chunks_exact_mut(3 * hidden));
                let states = h.chunks_exact(hidden).zip(new.chunks_exact_mut(hidden));
                for ((z, a), (h, new)) in rows.zip(states) {
                    let ([r, u, n], [a_r, a_u, q]) = (blocks(z, hidden), blocks(a, hidden));
                    let (b_n, h, new) = (&b_n[..hidden], &h[..hidden], &mut new[..hidden]);
                    for k in 0..hidden {
                        r[k] = (r[k] + a_r[k]).sigmoid();
                        u[k] = (u[k] + a_u[k]).sigmoid();
                    }
                    for k in 0..hidden {
                        q[k] += b_n[k];
                        n[k] = (n[k] + r[k] * q[k]).tanh();
                    }
                    for k in 0..hidden {
                        new[k] = (T::ONE - u[k]) * n[k] + u[k] * h[k];
                    }
                }
            },
        );
    }

    fn backward(&mut self, scratch: &mut Scratch<T>, step: Backward<'_, T>) {
        let Size { hidden, batch, .. } = self.size;
        let Backward { t, z, h, d_new, mut d_h, .. } = step;
        let len = batch * 3 * hidden;
        let a = &mut self.recurrent[t * len..][..len];
        T::vectorize(
            #[inline(always)]
            || {
                if let Some((d_h, add)) = &mut d_h {
                    if !*add {
                        d_h.fill(T::ZERO);
                    }
                    let gates = z.chunks_exact(3 * hidden).zip(d_new.chunks_exact(hidden));
                    for ((z, d), d_h) in gates.zip(d_h.chunks_exact_mut(hidden)) {
                        let u = &z[hidden..2 * hidden];
                        for ((d_h, &d), &u) in d_h.iter_mut().zip(d).zip(u) {
                            *d_h += d * u;
                        }
                    }
                }
                let rows = z.chunks_exact_mut(3 * hidden).zip(a.chunks_exact_mut(3 * hidden));
                let states = h.chunks_exact(hidden).zip(d_new.chunks_exact(hidden));
                for ((z, a), (h, d)) in rows.zip(states) {
                    let ([r, u, n], [a_r, a_u, q]) = (blocks(z, hidden), blocks(a, hidden));
                    let (h, d) = (&h[..hidden], &d[..hidden]);
                    for k in 0..hidden {
                        let (vu, vn) = (u[k], n[k]);
                        n[k] = d[k] * (T::ONE - vu) * (T::ONE - vn * vn);
                        u[k] = d[k] * (h[k] - vn) * (vu * (T::ONE - vu));
                    }
                    for k in 0..hidden {
                        let vr = r[k];
                        r[k] = n[k] * q[k] * (vr * (T::ONE - vr));
                        q[k] = n[k] * vr;
                    }
                    a_r.copy_from_slice(r);
                    a_u.copy_from_slice(u);
                }
            },
        );
        if let Some((d_h, _)) = d_h {
            T::multiply(scratch, Matrix::row_major(a, batch, 3 * hidden), &self.ut, d_h, true);
        }
    }

    fn finish(&mut self, scratch: &mut Scratch<T>, steps: Range<usize>, h: &[T], _: &[T]) {
        let Size { hidden, batch, .. } = self.size;
        let rows = steps.len() * batch;
        let da = &self.recurrent[steps.start * batch * 3 * hidden..][..rows * 3 * hidden];
        let (h, da) = (Matrix::row_major(h, rows, hidden), Matrix::row_major(da, rows, 3 * hidden));
        T::gemm(scratch, h.t(), da, &mut self.du, false);
        sum_rows(columns(&self.recurrent, 3, hidden, 2), &mut self.db_n);
    }

    fn gradients(&self) -> [&[T]; 2] {
        [&self.du, &self.db_n]
    }

    fn lend(&mut self, lend: &mut dyn FnMut(&mut Vec<T>)) {
        lend(&mut self.du);
        lend(&mut self.db_n);
    }
}
