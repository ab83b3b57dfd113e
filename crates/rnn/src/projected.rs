//! Projected inputs, a stretch of steps at a time.
//!
//! ```text
//! forward    project ── steps ──► project ── steps ──► project ── steps ──►
//! back       ◄── W̄ ─── steps ◄──── W̄ ──── steps ◄──── W̄ ──── steps
//! ```
//!
//! One product for all steps, `[T·B, X] · [X, P]`, is hardly faster than some of a few hundred rows each, for the weight is
//! packed once. But it and its adjoint, `[T, B, P]`, the largest arrays of all, have left every cache when they are read. What
//! a stretch is projected to is read as soon as it has been made, and let go with its last step; its adjoint is read as soon
//! as its steps have been swept; and the next one comes to stand in the memory of either.
//!
//! Stretches change no bit of what is projected, for a row of a product does not know the others. `W̄` is summed in the order
//! of their sweep. Where they begin depends on B and X alone: not on threads or memory, and not on T, so that steps behind
//! the end of a row still change no bit.

use crate::{Bound, Cell, Input, unroll::step};
use std::ops::Range;
use tape::{Real, Var};

/// Rows of a stretch, where inputs are narrow: so many that a product of them costs no more than its share of a long one, so
/// few that a cache keeps what they are projected to, and its adjoint.
const ROWS: usize = 256;

/// The same where classes are looked up, which costs the same in any number: a step of so many has a stretch of its own, of
/// whose adjoint nothing is copied.
const LOOKED_UP: usize = 32;

/// What a cell makes of the inputs of one step after the other.
#[derive(Debug)]
pub(crate) struct Projected<'t, 's, 'd, 'c, T: Real, C: ?Sized> {
    cell: &'c C,
    /// Its clock is that of the first step.
    p: Bound<'t, 's, T>,
    xs: Input<'t, 'd, T>,
    /// Steps of a stretch. The last one may have fewer. A single one is projected without an axis of steps.
    length: usize,
    /// The steps of the one at hand.
    steps: Range<usize>,
    projected: Var<'t, T>,
}

impl<'t, 's, 'd, 'c, T: Real, C: Cell<T> + ?Sized> Projected<'t, 's, 'd, 'c, T, C> {
    /// Of `xs` `[T, B, X]`, which are read from step `first` on, in either direction.
    #[track_caller]
    pub(crate) fn new(
        cell: &'c C,
        p: Bound<'t, 's, T>,
        xs: Input<'t, 'd, T>,
        first: usize,
    ) -> Self {
        let length = length(&xs);
        let (steps, projected) = project(cell, p, &xs, length, first);
        Self { cell, p, xs, length, steps, projected }
    }

    /// The projected input of step `t`, `[B, P]`. Who goes in one direction has each stretch projected once.
    #[track_caller]
    pub(crate) fn step(&mut self, t: usize) -> Var<'t, T> {
        if !self.steps.contains(&t) {
            self.let_go();
            (self.steps, self.projected) = project(self.cell, self.p, &self.xs, self.length, t);
        }
        match self.length {
            1 => self.projected,
            _ => step(self.projected, t - self.steps.start),
        }
    }

    /// The stretch at hand has been read.
    pub(crate) fn let_go(&self) {
        self.p.tape().let_go(self.projected);
    }
}

/// Steps of a stretch.
///
/// Where inputs are wide it has twice as many rows as the weight: for fewer the weight would not be packed, and not be
/// brought back into the caches, in which it takes the place of the recurrent one.
fn length<T: Real>(xs: &Input<'_, '_, T>) -> usize {
    let rows = match xs {
        Input::Dense(x) => x.shape().last().map_or(ROWS, |&width| ROWS.max(2 * width)),
        Input::OneHot { .. } => LOOKED_UP,
    };
    let batch: usize = xs.lead()[1..].iter().product();
    (rows / batch.max(1)).max(1)
}

/// The stretch in which step `t` is, projected.
#[track_caller]
fn project<'t, T: Real, C: Cell<T> + ?Sized>(
    cell: &C,
    p: Bound<'t, '_, T>,
    xs: &Input<'t, '_, T>,
    length: usize,
    t: usize,
) -> (Range<usize>, Var<'t, T>) {
    let (total, start) = (xs.lead()[0], t / length * length);
    let steps = start..total.min(start + length);
    let xs = match length {
        _ if total == 0 => xs.clone(),
        1 => xs.step(start),
        _ if steps.len() == total => xs.clone(),
        _ => xs.steps(steps.clone()),
    };
    let projected = cell.project(p.at(p.time() + start), xs);
    (steps, projected)
}
