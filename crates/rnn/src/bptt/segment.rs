//! Pieces of a sequence whose lengths are drawn, swept one after the other.

use super::{Block, Truncation, Unrolling};
use crate::{Bound, Cell, ParamStore, Readout, Result, Sequence};
use std::ops::Range;
use tape::{Gradients, Real, Tape, Var};

/// Why a segment ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was drawn so.
    Drawn,
    /// It was as long as a segment may be. Here is the bias of a cap.
    Capped,
    /// There was no step left.
    Data,
}

/// Steps that are swept together, and what is done to adjoints between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The steps.
    pub steps: Range<usize>,
    /// By what adjoints are multiplied on their way back out of each step; 1 for the first.
    pub factors: Vec<f64>,
    /// Why it ends.
    pub end: End,
}

impl Segment {
    /// A segment without steps, after which that of step `t` follows.
    pub fn before(t: usize) -> Self {
        Self { steps: t..t, factors: Vec::new(), end: End::Drawn }
    }

    /// ∏ kₜ: by how much the longest path within the segment weighs more than it does in the gradient.
    pub fn weight(&self) -> f64 {
        self.factors.iter().product()
    }
}

/// What was drawn in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// How many segments.
    pub segments: usize,
    /// How many steps in all of them.
    pub steps: usize,
    /// The length of the longest.
    pub longest: usize,
    /// How many were ended by a cap.
    pub capped: usize,
    /// The largest [weight](Segment::weight) of a segment.
    pub weight: f64,
}

impl Tally {
    fn count(&mut self, segment: &Segment) {
        self.segments += 1;
        self.steps += segment.steps.len();
        self.longest = self.longest.max(segment.steps.len());
        self.capped += usize::from(segment.end == End::Capped);
        self.weight = self.weight.max(segment.weight());
    }

    /// Steps to a segment, on the average.
    pub fn mean(&self) -> f64 {
        self.steps as f64 / self.segments.max(1) as f64
    }
}

/// A run over segments. `next` moves a segment on to the one that follows it, or says that there is none.
#[allow(clippy::too_many_arguments)]
pub(super) fn run<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
    tape: &'t Tape<T>,
    cell: &C,
    store: &mut ParamStore<T>,
    start: impl FnOnce(Bound<'t, '_, T>) -> C::State<'t>,
    readout: Readout,
    mut next: impl FnMut(&mut Segment) -> bool,
    mut inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
    mut loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
    mut update: impl FnMut(&mut ParamStore<T>, &Gradients<T>, &Segment) -> Result<()>,
) -> Result<(T, C::State<'t>, Tally)> {
    let (mut total, mut tally, mut segment) = (T::ZERO, Tally::default(), Segment::before(0));
    let state = start(store.bind(tape));
    let mut run = Unrolling::new(tape, cell, Truncation::Full, state).with_readout(readout);
    while next(&mut segment) {
        tally.count(&segment);
        let p = store.bind(tape);
        run.reweigh(segment.factors.iter().map(|&k| T::of(k)));
        let block = run.advance(p, inputs(p, segment.steps.clone()));
        let loss = loss(p, block);
        total += loss.item();
        let gradients = run.backward(loss)?;
        update(store, &gradients, &segment)?;
    }
    Ok((total, run.state(), tally))
}
