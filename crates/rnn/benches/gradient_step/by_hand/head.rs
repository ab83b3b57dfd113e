//! The output layer and the loss.
//!
//! ```text
//! o = h V + c        V̄ = Hᵀ Ō,  c̄ = Σ Ō,  h̄ = ō Vᵀ
//! ```
//!
//! Where `h` is made of two directions, each has its own rows of `V`.

use super::{
    elman::slice,
    float::Float,
    lines::Lines,
    rows::{columns, sum_rows},
};
use crate::{data::Rows, model::Model, workload::Workload};
use ::tape::{
    Real,
    kernel::{Matrix, Scratch, gemm::Start},
};

#[derive(Debug)]
pub(crate) struct Head<'m, T> {
    v: &'m [T],
    c: &'m [T],
    hidden: usize,
    /// What each row counts.
    share: f64,
    /// `o`, then `ō`, `[rows, O]`.
    outputs: Lines<T>,
    pub(super) dv: Vec<T>,
    pub(super) dc: Vec<T>,
}

impl<'m, T: Float> Head<'m, T> {
    pub(super) fn new(w: &Workload, share: f64, model: &'m Model<T>) -> Self {
        let zeros = |len| vec![T::ZERO; len];
        Self {
            v: slice(&model.v),
            c: slice(&model.c),
            hidden: w.hidden,
            share: share / w.batch as f64,
            outputs: Lines::zeros(w.loss_rows() * w.outputs),
            dv: zeros(model.v.len()),
            dc: zeros(model.c.len()),
        }
    }

    /// The rows of `V` that a direction has.
    fn part(&self, direction: usize) -> std::ops::Range<usize> {
        let len = self.hidden * self.c.len();
        direction * len..(direction + 1) * len
    }

    /// The rows of the last steps that the loss reads, `[rows, H]`.
    fn read<'a>(&self, h: &'a [T]) -> Matrix<'a, T> {
        let rows = self.outputs.len() / self.c.len();
        Matrix::row_major(&h[h.len() - rows * self.hidden..], rows, self.hidden)
    }

    /// Adds what one direction says to the outputs.
    pub(super) fn forward(&mut self, scratch: &mut Scratch<T>, direction: usize, h: &[T]) {
        let v = Matrix::row_major(&self.v[self.part(direction)], self.hidden, self.c.len());
        let h = self.read(h);
        if direction == 0 {
            let from = Start { data: self.c, row: 0 };
            T::gemm_from(scratch, h, (v, None), from, &mut self.outputs);
        } else {
            T::gemm(scratch, h, v, &mut self.outputs, true);
        }
    }

    /// The loss; where outputs stood, their adjoints stand.
    pub(super) fn loss(&mut self, targets: &Rows<T>) -> f64 {
        let (width, share) = (self.c.len(), T::of(self.share));
        let rows = self.outputs.chunks_exact_mut(width);
        let mut sum = 0.0;
        T::vectorize(
            #[inline(always)]
            || match targets {
                Rows::Dense(targets) => {
                    for (o, y) in rows.zip(slice(targets).chunks_exact(width)) {
                        sum += half_square(o, y, share).primal();
                    }
                }
                Rows::Classes(classes) => {
                    for (o, &class) in rows.zip(classes) {
                        sum += surprise(o, class, share).primal();
                    }
                }
            },
        );
        sum * self.share
    }

    /// The gradients of one direction's rows of `V`, and the adjoints of its last outputs.
    pub(super) fn backward(
        &mut self,
        scratch: &mut Scratch<T>,
        direction: usize,
        h: &[T],
        d_h: &mut [T],
    ) {
        let (part, width, h) = (self.part(direction), self.c.len(), self.read(h));
        let d_outputs = Matrix::row_major(&self.outputs, h.rows, width);
        if direction == 0 {
            sum_rows(columns(&self.outputs, 1, width, 0), &mut self.dc);
        }
        T::gemm(scratch, h.t(), d_outputs, &mut self.dv[part.clone()], false);
        let v = Matrix::row_major(&self.v[part], self.hidden, width);
        let first_read = d_h.len() - h.rows * self.hidden;
        T::gemm(scratch, d_outputs, v.t(), &mut d_h[first_read..], false);
    }
}

/// `½ |o − y|²`; `o` becomes its adjoint, `share` of the whole.
#[inline(always)]
fn half_square<T: Real>(o: &mut [T], y: &[T], share: T) -> T {
    let mut lanes = [T::ZERO; 8];
    for (o, y) in o.chunks_mut(8).zip(y.chunks(8)) {
        for ((o, &y), lane) in o.iter_mut().zip(y).zip(&mut lanes) {
            let error = *o - y;
            *lane += error * error;
            *o = share * error;
        }
    }
    T::of(0.5) * lanes.into_iter().sum()
}

/// `−ln softmax(o)[class]`; `o` becomes its adjoint, `share` of the whole.
#[inline(always)]
fn surprise<T: Real>(o: &mut [T], class: usize, share: T) -> T {
    // Side by side: a single greatest could not share a vector, nor could a single sum.
    let greater = |max: T, &x: &T| if x > max { x } else { max };
    let mut greatests = [o[0]; 32];
    let chunks = o.chunks_exact(32);
    let rest = chunks.remainder().iter().fold(o[0], greater);
    for chunk in chunks {
        for (max, x) in greatests.iter_mut().zip(chunk) {
            *max = greater(*max, x);
        }
    }
    let greatest = greatests.iter().fold(rest, greater);
    let score = o[class] - greatest;
    for o in &mut *o {
        *o = (*o - greatest).exp();
    }
    let mut lanes = [T::ZERO; 8];
    let eights = o.chunks_exact(8);
    let rest: T = eights.remainder().iter().copied().sum();
    for eight in eights {
        for (lane, &x) in lanes.iter_mut().zip(eight) {
            *lane += x;
        }
    }
    let sum = lanes.into_iter().sum::<T>() + rest;
    let scale = share / sum;
    for o in &mut *o {
        *o *= scale;
    }
    o[class] -= share;
    sum.ln() - score
}
