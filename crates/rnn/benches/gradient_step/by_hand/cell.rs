//! What differs from cell to cell: the recurrent part of a step, forward and back.

use super::float::Float;
use crate::model::Layer;
use ::tape::kernel::Scratch;
use std::ops::Range;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) hidden: usize,
    pub(crate) batch: usize,
    pub(crate) steps: usize,
}

/// A step forward.
pub(crate) struct Forward<'a, T> {
    /// The step, counted in time; and where it finds what it carries and leaves it: `t` and `t + 1`, or the other way
    /// round.
    pub(crate) t: usize,
    pub(crate) slots: (usize, usize),
    /// Does the state before hold zeros only?
    pub(crate) from_zero: bool,
    /// `x W + b`, `[B, G·H]`: a cell leaves in its place what it needs on the way back.
    pub(crate) z: &'a mut [T],
    pub(crate) h: &'a [T],
    /// `h′`
    pub(crate) new: &'a mut [T],
}

/// The same step on the way back.
pub(crate) struct Backward<'a, T> {
    pub(crate) t: usize,
    pub(crate) slots: (usize, usize),
    /// What the way forward has left, which becomes `z̄`.
    pub(crate) z: &'a mut [T],
    pub(crate) h: &'a [T],
    pub(crate) new: &'a [T],
    /// `h̄′`, complete.
    pub(crate) d_new: &'a [T],
    /// `h̄`, unless nothing depends on it; and does it hold something already?
    pub(crate) d_h: Option<(&'a mut [T], bool)>,
    /// Does no later step depend on this one?
    pub(crate) last: bool,
}

/// The recurrent part of a layer in one direction.
pub(crate) trait Cell<T: Float>: Sized {
    fn new(layer: &Layer<T>, size: Size) -> Self;

    /// Packs the recurrent weights, which are the same at all steps.
    fn pack(&mut self, layer: &Layer<T>);

    fn forward(&mut self, scratch: &mut Scratch<T>, layer: &Layer<T>, step: Forward<'_, T>);

    fn backward(&mut self, scratch: &mut Scratch<T>, step: Backward<'_, T>);

    /// The gradients of the recurrent weights, from all `z̄` and the states `h` before the `steps`.
    fn finish(&mut self, scratch: &mut Scratch<T>, steps: Range<usize>, h: &[T], dz: &[T]);

    /// The gradients that `finish` has found.
    fn gradients(&self) -> [&[T]; 2];

    /// Lends them one after the other, to be added to those of other threads.
    fn lend(&mut self, lend: &mut dyn FnMut(&mut Vec<T>));

    /// Begins at zero, or with what slot `last` holds: moves that to slot `first`.
    fn begin(&mut self, _from_zero: bool, _last: usize, _first: usize) {}
}
