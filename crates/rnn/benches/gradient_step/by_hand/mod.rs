//! The step derived on paper, with nothing around it: the floor that a tape is measured against.
//!
//! The products with input weights and the gradients of all weights are one product each over all time steps; only the
//! recurrent weights are multiplied step by step, packed beforehand, forward and transposed. All that a cell does to a
//! row is one loop forward and one back. States and adjoints are overwritten in place, and nothing is allocated.

mod cell;
mod direction;
mod elman;
mod float;
mod gru;
mod head;
mod lines;
mod lstm;
mod mgu;
mod rows;

pub(crate) use cell::Cell;
pub(crate) use elman::Elman;
pub(crate) use float::Float;
pub(crate) use gru::Gru;
pub(crate) use lstm::Lstm;
pub(crate) use mgu::Mgu;

use crate::{
    data::{Rows, Window, shaped},
    measure::GradientStep,
    model::{Model, ONCE, norm},
    team::{Part, Piece},
    workload::Workload,
};
use ::tape::kernel::Scratch;
use direction::Direction;
use elman::slice;
use head::Head;
use lines::Lines;
use ndarray::ArrayD;
use rnn::{Result, shards::Shard};
use rows::{Read, look_up, scatter};
use std::mem;

/// See the [module](self). No workload stacks layers of two directions, and neither does this.
#[derive(Debug)]
pub(crate) struct ByHand<'m, T, C> {
    workload: Workload,
    model: &'m Model<T>,
    windows: &'m [Window<T>],
    next: usize,
    scratch: Scratch<T>,
    /// Layer after layer, each with one or two directions.
    directions: Vec<Direction<'m, T, C>>,
    head: Head<'m, T>,
    /// The rows of the embedding that were looked up, `[T, B, X]`, and their adjoints.
    embedded: [Lines<T>; 2],
    d_table: Vec<T>,
    /// Where gradients stand while they are summed with those of other threads.
    lent: Vec<ArrayD<T>>,
}

impl<'m, T: Float, C: Cell<T>> ByHand<'m, T, C> {
    pub(crate) fn new(piece: &'m Piece<'m, T>) -> Self {
        let &Piece { workload: w, share, model, ref windows } = piece;
        let back = |k: usize| w.bidirectional && k % 2 == 1;
        let layers = model.layers.iter().enumerate();
        let looked_up = model.table.as_ref().map_or(0, |_| w.steps * w.batch * w.inputs);
        Self {
            workload: w,
            model,
            windows,
            next: 0,
            scratch: Scratch::default(),
            directions: layers.map(|(k, layer)| Direction::new(&w, layer, back(k))).collect(),
            head: Head::new(&w, share, model),
            embedded: [Lines::zeros(looked_up), Lines::zeros(looked_up)],
            d_table: vec![T::ZERO; model.table.as_ref().map_or(0, |table| table.len())],
            lent: Vec::new(),
        }
    }

    /// Lends all gradients, one after the other.
    fn lend(&mut self, lend: &mut dyn FnMut(&mut Vec<T>)) {
        for direction in &mut self.directions {
            lend(&mut direction.dw);
            lend(&mut direction.db);
            direction.cell.lend(lend);
        }
        lend(&mut self.head.dv);
        lend(&mut self.head.dc);
        lend(&mut self.d_table);
    }

    fn forward(&mut self, window: &'m Window<T>, from_zero: bool) {
        let Self { scratch, embedded: [embedded, _], .. } = self;
        if let (Some(table), Rows::Classes(classes)) = (&self.model.table, &window.inputs) {
            look_up(slice(table), classes, None, embedded);
        }
        let per_layer = self.workload.directions();
        for k in 0..self.directions.len() {
            let (below, here) = self.directions.split_at_mut(k);
            let xs = read(window, embedded, below, k / per_layer);
            here[0].forward(scratch, xs, from_zero);
        }
        let top = self.directions.len() - per_layer;
        for (k, direction) in self.directions[top..].iter().enumerate() {
            self.head.forward(scratch, k, direction.outputs());
        }
    }

    fn backward(&mut self, window: &'m Window<T>) {
        let Self { scratch, embedded: [embedded, d_embedded], .. } = self;
        let per_layer = self.workload.directions();
        let top = self.directions.len() - per_layer;
        for (k, direction) in self.directions[top..].iter_mut().enumerate() {
            let mut adjoints = mem::take(&mut direction.adjoints);
            self.head.backward(scratch, k, direction.outputs(), &mut adjoints);
            direction.adjoints = adjoints;
        }
        let steps = self.workload.steps;
        let first = if self.workload.last_step_only { steps - 1 } else { 0 };
        for k in (0..self.directions.len()).rev() {
            let (below, here) = self.directions.split_at_mut(k);
            let layer = k / per_layer;
            // Lent to the layer above while that reads the outputs.
            let mut lent = match below.last_mut() {
                Some(below) if layer > 0 => mem::take(&mut below.adjoints),
                _ => Lines::default(),
            };
            let d_inputs = match layer {
                0 if d_embedded.is_empty() => None,
                0 => Some(&mut d_embedded[..]),
                _ => Some(&mut lent[..]),
            };
            let xs = read(window, embedded, below, layer);
            here[0].backward(scratch, xs, first..steps, d_inputs);
            if let (Some(below), 1..) = (below.last_mut(), layer) {
                below.adjoints = lent;
            }
        }
        if let (Rows::Classes(classes), false) = (&window.inputs, d_embedded.is_empty()) {
            scatter(d_embedded, classes, &mut self.d_table);
        }
    }
}

/// What a layer reads: the data, the rows looked up, or the layer below.
fn read<'a, T: Float, C: Cell<T>>(
    window: &'a Window<T>,
    embedded: &'a [T],
    below: &'a [Direction<'_, T, C>],
    layer: usize,
) -> Read<'a, T> {
    match (&window.inputs, below.last()) {
        (_, Some(below)) if layer > 0 => Read::Dense(below.outputs()),
        (Rows::Dense(xs), _) => Read::Dense(slice(xs)),
        (Rows::Classes(classes), _) if embedded.is_empty() => Read::Classes(classes),
        _ => Read::Dense(embedded),
    }
}

impl<T: Float, C: Cell<T>> GradientStep for ByHand<'_, T, C> {
    fn restart(&mut self) {
        self.next = 0;
    }

    fn step(&mut self) -> Result<f64> {
        let (window, from_zero) = (&self.windows[self.next], self.next == 0);
        self.next = (self.next + 1) % self.windows.len();
        self.forward(window, from_zero);
        let loss = self.head.loss(&window.targets);
        self.backward(window);
        Ok(loss)
    }

    fn grad_norm(&self) -> f64 {
        let biases = self.workload.cell.biases();
        let layers = self.directions.iter().flat_map(|direction| {
            let [du, other] = direction.cell.gradients();
            [(ONCE, &direction.dw[..]), (biases, &direction.db), (ONCE, du), (ONCE, other)]
        });
        let rest = [&self.head.dv, &self.head.dc, &self.d_table].map(|g| (ONCE, &g[..]));
        norm(layers.chain(rest))
    }
}

impl<T: Float, C: Cell<T>> Part<T> for ByHand<'_, T, C> {
    fn sum(&mut self, shard: &Shard<'_, T>) -> Result<()> {
        let mut lent = mem::take(&mut self.lent);
        self.lend(&mut |gradient| lent.push(shaped(&[gradient.len()], mem::take(gradient))));
        let outcome = shard.sum_arrays(&mut lent);
        let mut sums = lent.drain(..).map(|sum| sum.into_raw_vec_and_offset().0);
        self.lend(&mut |gradient| *gradient = sums.next().unwrap_or_default());
        drop(sums);
        self.lent = lent;
        outcome
    }
}
