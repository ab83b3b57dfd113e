//! Windows of random length, without weights. (S. Merity, N. Keskar and R. Socher, *Regularizing and optimizing LSTM language
//! models*, 2018: AWD-LSTM.)

use super::{
    Block,
    segment::{self, End, Segment, Tally},
};
use crate::{Bound, Cell, Error, ParamStore, Readout, Result, Sequence, init::standard};
use rand::{Rng, RngExt};
use std::ops::Range;
use tape::{Gradients, Real, Tape, Var};

/// Lengths from a bell curve around `base`, now and then around half of it:
///
/// ```text
/// L = max(least, ⌊N(b, spread²)⌋),  b = base/2 with probability `halved`, else base
/// ```
///
/// So the cuts do not fall at the same places in every epoch. The bias of truncation stays; what takes it away is a weight,
/// not a length that varies: see [`Randomized`](super::Randomized).
///
/// Short windows are drawn as often as long ones and would have more updates to a step, so the learning rate of a window is to be
/// multiplied by [`rate`](RandomLength::rate).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomLength {
    base: f64,
    halved: f64,
    spread: f64,
    least: usize,
}

impl RandomLength {
    /// The authors' choice for any `base` (theirs was 70): halved once in twenty times, a spread of 5, at least 5 steps.
    ///
    /// # Errors
    /// A base of less than one step.
    pub fn new(base: f64) -> Result<Self> {
        Self::with(base, 0.05, 5.0, 5)
    }

    /// Everything said.
    ///
    /// # Errors
    /// A base or a least length of less than one step, a spread that is negative, or a probability outside [0, 1].
    pub fn with(base: f64, halved: f64, spread: f64, least: usize) -> Result<Self> {
        let finite = base.is_finite() && spread.is_finite();
        if !(finite && base >= 1.0 && spread >= 0.0 && least >= 1 && (0.0..=1.0).contains(&halved))
        {
            return Err(Error::Data {
                what: format!(
                    "windows of {base} ± {spread} steps, at least {least}, halved with probability {halved}"
                ),
                rule: "lengths are at least 1, a spread at least 0, a probability in [0, 1]".into(),
                remedy: "begin with `RandomLength::new(70.0)`",
            });
        }
        Ok(Self { base, halved, spread, least })
    }

    /// A length. It takes three numbers from the generator, whatever they are.
    pub fn draw(&self, rng: &mut impl Rng) -> usize {
        let halved = rng.random::<f64>() < self.halved;
        let base = if halved { 0.5 * self.base } else { self.base };
        let length = base + self.spread * standard(rng)();
        self.least.max(length.max(0.0) as usize)
    }

    /// By what to multiply the learning rate for a window of `length` steps: `length/base`.
    pub fn rate(&self, length: usize) -> f64 {
        length as f64 / self.base
    }

    /// Unrolls `cell` over a sequence of `steps` steps in windows whose lengths `rng` draws: as
    /// [`Truncation::run`](super::Truncation::run), where `update` is told the window as well.
    ///
    /// # Errors
    /// What `update` returns, or a `loss` that is not one number.
    #[allow(clippy::too_many_arguments)]
    pub fn run<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        &self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        start: impl FnOnce(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        rng: &mut impl Rng,
        inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        update: impl FnMut(&mut ParamStore<T>, &Gradients<T>, &Segment) -> Result<()>,
    ) -> Result<(T, C::State<'t>, Tally)> {
        let next = |segment: &mut Segment| {
            let first = segment.steps.end;
            if first >= steps {
                return false;
            }
            let drawn = self.draw(rng);
            segment.end = if drawn < steps - first { End::Drawn } else { End::Data };
            segment.steps = first..first + drawn.min(steps - first);
            true
        };
        segment::run(tape, cell, store, start, readout, next, inputs, loss, update)
    }
}
