//! Long short-term memory.
//!
//! ```text
//! i, f, g, o = σ, σ, tanh, σ (z + h U)     c′ = f ⊙ c + i ⊙ g         h′ = o ⊙ s,  s = tanh c′
//! c̄′ += h̄′ ⊙ o ⊙ (1 − s²)                  c̄ = c̄′ ⊙ f                  ō = h̄′ ⊙ s ⊙ o (1 − o)
//! ī = c̄′ ⊙ g ⊙ i (1 − i)                   f̄ = c̄′ ⊙ c ⊙ f (1 − f)      ḡ = c̄′ ⊙ i ⊙ (1 − g²)
//! h̄ += z̄ Uᵀ                                Ū = Hᵀ Z̄
//! ```
//!
//! The gates take the place of `z`, and then their adjoints. A row is worked through in a few loops, each over few enough
//! arrays that the compiler finds them apart and takes vectors; what they hand on stays in the first cache.

use super::{
    cell::{Backward, Cell, Forward, Size},
    elman::slice,
    float::Float,
    lines::Lines,
};
use crate::model::Layer;
use ::tape::kernel::{Matrix, Scratch, gemm::Packed};
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Lstm<T> {
    size: Size,
    u: Packed<T>,
    ut: Packed<T>,
    du: Vec<T>,
    /// `c`, `[T + 1, B, H]`
    cells: Lines<T>,
    /// `s`, `[T, B, H]`
    squashed: Lines<T>,
    /// `c̄ [B, H]`, of the step that was swept last.
    d_cell: Lines<T>,
}

/// The four blocks of a row `[4H]`.
#[inline(always)]
fn blocks<T>(row: &mut [T], hidden: usize) -> [&mut [T]; 4] {
    let (first, second) = row.split_at_mut(2 * hidden);
    let ((i, f), (g, o)) = (first.split_at_mut(hidden), second.split_at_mut(hidden));
    [i, f, g, &mut o[..hidden]]
}

impl<T: Float> Cell<T> for Lstm<T> {
    fn new(layer: &Layer<T>, size: Size) -> Self {
        let step = size.batch * size.hidden;
        Self {
            size,
            u: Packed::default(),
            ut: Packed::default(),
            du: vec![T::ZERO; layer.u.len()],
            cells: Lines::zeros((size.steps + 1) * step),
            squashed: Lines::zeros(size.steps * step),
            d_cell: Lines::zeros(step),
        }
    }

    fn pack(&mut self, layer: &Layer<T>) {
        let u = Matrix::row_major(slice(&layer.u), self.size.hidden, 4 * self.size.hidden);
        T::pack(&mut self.u, u);
        T::pack(&mut self.ut, u.t());
    }

    fn begin(&mut self, from_zero: bool, last: usize, first: usize) {
        let step = self.size.batch * self.size.hidden;
        if from_zero {
            self.cells[first * step..][..step].fill(T::ZERO);
        } else {
            self.cells.copy_within(last * step..(last + 1) * step, first * step);
        }
    }

    fn forward(&mut self, scratch: &mut Scratch<T>, _: &Layer<T>, step: Forward<'_, T>) {
        let Size { hidden, batch, .. } = self.size;
        let Forward { t, slots: (from, to), z, h, new, .. } = step;
        if !step.from_zero {
            T::multiply(scratch, Matrix::row_major(h, batch, hidden), &self.u, z, true);
        }
        let len = batch * hidden;
        let Ok([c, c_new]) =
            self.cells.get_disjoint_mut([from * len..(from + 1) * len, to * len..(to + 1) * len])
        else {
            unreachable!("a step leaves its cell in another slot than it finds it")
        };
        let squashed = &mut self.squashed[t * len..][..len];
        T::vectorize(
            #[inline(always)]
            || {
                let rows = z.chunks_exact_mut(4 * hidden).zip(c.chunks_exact(hidden));
                let out = c_new.chunks_exact_mut(hidden).zip(squashed.chunks_exact_mut(hidden));
                for (((z, c), (c_new, s)), h) in rows.zip(out).zip(new.chunks_exact_mut(hidden)) {
                    let [i, f, g, o] = blocks(z, hidden);
                    let (c, c_new) = (&c[..hidden], &mut c_new[..hidden]);
                    let (s, h) = (&mut s[..hidden], &mut h[..hidden]);
                    for k in 0..hidden {
                        i[k] = i[k].sigmoid();
                        f[k] = f[k].sigmoid();
                    }
                    for k in 0..hidden {
                        g[k] = g[k].tanh();
                        o[k] = o[k].sigmoid();
                    }
                    for k in 0..hidden {
                        c_new[k] = f[k] * c[k] + i[k] * g[k];
                    }
                    for k in 0..hidden {
                        s[k] = c_new[k].tanh();
                        h[k] = o[k] * s[k];
                    }
                }
            },
        );
    }

    fn backward(&mut self, scratch: &mut Scratch<T>, step: Backward<'_, T>) {
        let Size { hidden, batch, .. } = self.size;
        let Backward { t, slots: (from, _), z, d_new, d_h, last, .. } = step;
        let len = batch * hidden;
        if last {
            self.d_cell.fill(T::ZERO);
        }
        let (c, squashed) = (&self.cells[from * len..][..len], &self.squashed[t * len..][..len]);
        let d_cell = &mut self.d_cell;
        T::vectorize(
            #[inline(always)]
            || {
                let rows = z.chunks_exact_mut(4 * hidden).zip(c.chunks_exact(hidden));
                let rest = d_cell.chunks_exact_mut(hidden).zip(squashed.chunks_exact(hidden));
                for (((z, c), (dc, s)), dh) in rows.zip(rest).zip(d_new.chunks_exact(hidden)) {
                    let [i, f, g, o] = blocks(z, hidden);
                    let (c, dc) = (&c[..hidden], &mut dc[..hidden]);
                    let (s, dh) = (&s[..hidden], &dh[..hidden]);
                    for k in 0..hidden {
                        dc[k] += dh[k] * o[k] * (T::ONE - s[k] * s[k]);
                        o[k] = dh[k] * s[k] * (o[k] * (T::ONE - o[k]));
                    }
                    for k in 0..hidden {
                        let (vi, vg) = (i[k], g[k]);
                        i[k] = dc[k] * vg * (vi * (T::ONE - vi));
                        g[k] = dc[k] * vi * (T::ONE - vg * vg);
                    }
                    for k in 0..hidden {
                        let (d, vf) = (dc[k], f[k]);
                        f[k] = d * c[k] * (vf * (T::ONE - vf));
                        dc[k] = d * vf;
                    }
                }
            },
        );
        if let Some((d_h, add)) = d_h {
            T::multiply(scratch, Matrix::row_major(z, batch, 4 * hidden), &self.ut, d_h, add);
        }
    }

    fn finish(&mut self, scratch: &mut Scratch<T>, steps: Range<usize>, h: &[T], dz: &[T]) {
        let Size { hidden, batch, .. } = self.size;
        let rows = steps.len() * batch;
        let dz = &dz[steps.start * batch * 4 * hidden..][..rows * 4 * hidden];
        let (h, dz) = (Matrix::row_major(h, rows, hidden), Matrix::row_major(dz, rows, 4 * hidden));
        T::gemm(scratch, h.t(), dz, &mut self.du, false);
    }

    fn gradients(&self) -> [&[T]; 2] {
        [&self.du, &[]]
    }

    fn lend(&mut self, lend: &mut dyn FnMut(&mut Vec<T>)) {
        lend(&mut self.du);
    }
}
