//! One layer in one direction: what is common to all cells.
//!
//! ```text
//! Z = X W + b, for all steps at once       then step by step: (zₜ, h) ↦ h′
//! step by step back: h̄′ ↦ (z̄ₜ, h̄)          then at once: W̄ = Xᵀ Z̄,  b̄ = Σ Z̄,  X̄ = Z̄ Wᵀ
//! ```

use super::{
    cell::{Backward, Cell, Forward, Size},
    elman::slice,
    float::Float,
    lines::Lines,
    rows::{Read, columns, look_up, scatter, sum_rows},
};
use crate::{model::Layer, workload::Workload};
use ::tape::kernel::{Matrix, Scratch, gemm::Start};
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Direction<'m, T, C> {
    layer: &'m Layer<T>,
    pub(super) cell: C,
    size: Size,
    inputs: usize,
    /// Against the time?
    back: bool,
    /// `[T, B, G·H]`: `x W + b`, then what the cell keeps, then `z̄`.
    z: Lines<T>,
    /// `h`, `[T + 1, B, H]`: the state to begin with stands before the first step, or behind the last.
    states: Lines<T>,
    /// `h̄`, `[T, B, H]`, as far as it is known.
    pub(super) adjoints: Lines<T>,
    pub(super) dw: Vec<T>,
    pub(super) db: Vec<T>,
    from_zero: bool,
}

impl<'m, T: Float, C: Cell<T>> Direction<'m, T, C> {
    pub(super) fn new(w: &Workload, layer: &'m Layer<T>, back: bool) -> Self {
        let size = Size { hidden: w.hidden, batch: w.batch, steps: w.steps };
        let (step, zeros) = (w.batch * w.hidden, |len| vec![T::ZERO; len]);
        Self {
            layer,
            cell: C::new(layer, size),
            size,
            inputs: layer.w.shape()[0],
            back,
            z: Lines::zeros(w.steps * w.batch * layer.b.len()),
            states: Lines::zeros((w.steps + 1) * step),
            adjoints: Lines::zeros(w.steps * step),
            dw: zeros(layer.w.len()),
            db: zeros(layer.b.len()),
            from_zero: true,
        }
    }

    /// The outputs `[T, B, H]`.
    pub(super) fn outputs(&self) -> &[T] {
        let step = self.size.batch * self.size.hidden;
        let first = if self.back { 0 } else { step };
        &self.states[first..][..self.size.steps * step]
    }

    /// Where step `t` finds its state, and where it leaves it.
    fn slots(&self, t: usize) -> (usize, usize) {
        if self.back { (t + 1, t) } else { (t, t + 1) }
    }

    /// The step that is the `k`th to be made.
    fn step(&self, k: usize) -> usize {
        if self.back { self.size.steps - 1 - k } else { k }
    }

    pub(super) fn forward(&mut self, scratch: &mut Scratch<T>, xs: Read<'_, T>, from_zero: bool) {
        let Size { hidden, batch, steps } = self.size;
        let (wide, step) = (self.layer.b.len(), batch * hidden);
        let (w, b) = (slice(&self.layer.w), slice(&self.layer.b));
        match xs {
            Read::Dense(xs) => {
                let xs = Matrix::row_major(xs, steps * batch, self.inputs);
                let w = (Matrix::row_major(w, self.inputs, wide), None);
                T::gemm_from(scratch, xs, w, Start { data: b, row: 0 }, &mut self.z);
            }
            Read::Classes(classes) => look_up(w, classes, Some(b), &mut self.z),
        }
        let (first, last) = (self.slots(self.step(0)).0, self.slots(self.step(steps - 1)).1);
        if from_zero {
            self.states[first * step..][..step].fill(T::ZERO);
        } else {
            self.states.copy_within(last * step..(last + 1) * step, first * step);
        }
        self.cell.begin(from_zero, last, first);
        self.from_zero = from_zero;
        self.cell.pack(self.layer);
        for k in 0..steps {
            let t = self.step(k);
            let slots = self.slots(t);
            let [h, new] = two(&mut self.states, step, slots);
            let z = &mut self.z[t * batch * wide..][..batch * wide];
            let from_zero = from_zero && k == 0;
            self.cell.forward(scratch, self.layer, Forward { t, slots, from_zero, z, h, new });
        }
    }

    /// From the adjoints of the outputs of the steps `read`; those of the others are zero.
    pub(super) fn backward(
        &mut self,
        scratch: &mut Scratch<T>,
        xs: Read<'_, T>,
        read: Range<usize>,
        d_inputs: Option<&mut [T]>,
    ) {
        let Size { hidden, batch, steps } = self.size;
        let (wide, step) = (self.layer.b.len(), batch * hidden);
        for k in (0..steps).rev() {
            let t = self.step(k);
            let (slots, before) = (self.slots(t), k.checked_sub(1).map(|k| self.step(k)));
            let [h, new] = two(&mut self.states, step, slots);
            let (d_new, d_h) = match before {
                Some(before) => {
                    let [d_h, d_new] = two(&mut self.adjoints, step, (before, t));
                    (d_new, Some((d_h, read.contains(&before))))
                }
                None => (&mut self.adjoints[t * step..][..step], None),
            };
            let z = &mut self.z[t * batch * wide..][..batch * wide];
            let last = k + 1 == steps;
            self.cell.backward(scratch, Backward { t, slots, z, h, new, d_new, d_h, last });
        }
        // Nothing comes from states of zeros.
        let skipped = usize::from(self.from_zero);
        let from = if self.back { 0..steps - skipped } else { skipped..steps };
        let h = &self.states[self.slots(from.start).0 * step..][..from.len() * step];
        self.cell.finish(scratch, from, h, &self.z);

        sum_rows(columns(&self.z, 1, wide, 0), &mut self.db);
        let dz = Matrix::row_major(&self.z, steps * batch, wide);
        match xs {
            Read::Dense(xs) => {
                let xs = Matrix::row_major(xs, steps * batch, self.inputs);
                T::gemm(scratch, xs.t(), dz, &mut self.dw, false);
            }
            Read::Classes(classes) => scatter(&self.z, classes, &mut self.dw),
        }
        if let Some(d_inputs) = d_inputs {
            let w = Matrix::row_major(slice(&self.layer.w), self.inputs, wide);
            T::gemm(scratch, dz, w.t(), d_inputs, false);
        }
    }
}

/// Two of the stretches `[B, H]` of an array.
fn two<T>(all: &mut [T], len: usize, (a, b): (usize, usize)) -> [&mut [T]; 2] {
    match all.get_disjoint_mut([a * len..(a + 1) * len, b * len..(b + 1) * len]) {
        Ok(both) => both,
        Err(_) => unreachable!("a step leaves its state elsewhere than it finds it"),
    }
}
