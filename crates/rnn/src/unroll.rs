//! Time made visible: one recorded step per input.

use crate::{Bound, Cell, Input, projected::Projected};
use tape::{Real, Var};

/// Steps `cell` over `xs` `[T, B, X]` from the state `start`, and yields every state.
///
/// The part of the steps that depends on the inputs only is done for a stretch of them at a time. Where the outputs
/// are enough, [`Cell::run`] may know a faster order.
#[track_caller]
pub fn unroll<'t, 'a, 'd, T: Real, C: Cell<T>>(
    cell: &'a C,
    p: Bound<'t, 'a, T>,
    xs: &Input<'t, 'd, T>,
    start: C::State<'t>,
) -> impl Iterator<Item = C::State<'t>> + use<'t, 'a, 'd, T, C> {
    let (steps, first) = (xs.lead()[0], p.time());
    let mut xs = Projected::new(cell, p, xs.clone(), 0);
    (0..steps).scan(start, move |state, t| {
        *state = cell.step(p.at(first + t), xs.step(t), *state);
        Some(*state)
    })
}

/// The projected input of step `t`: `[T, B, P] → [B, P]`.
#[track_caller]
pub(crate) fn step<'t, T: Real>(xs: Var<'t, T>, t: usize) -> Var<'t, T> {
    xs.select(0, t)
}
