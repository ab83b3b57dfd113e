//! Windows: a few steps of all rows at a time, borrowed from the stream.

use super::Stream;
use std::iter::FusedIterator;
use tape::Real;

/// A place in the text, and the windows from there to the end of the epoch.
///
/// Consecutive windows of an epoch continue each other row by row, so a recurrent state may be
/// carried from one to the next; at the start of an epoch it should begin anew.
///
/// To stop and resume bit for bit, save [`position`](Self::position) and
/// [`seek`](Self::seek) it later, with a stream of the same text, batch and window.
#[derive(Debug, Clone)]
pub struct Windows<'a, R = f32> {
    stream: &'a Stream<R>,
    window: usize,
    position: usize,
    /// Where the current epoch ends, a multiple of `S`.
    end: usize,
}

impl<'a, R: Real> Windows<'a, R> {
    /// Windows of `window ≥ 1` steps from the start of the first epoch.
    pub(super) fn new(stream: &'a Stream<R>, window: usize) -> Self {
        Self { stream, window, position: 0, end: stream.steps() }
    }

    /// Steps taken since the first epoch began: `epoch · S + t`.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whole epochs read, `⌊position / S⌋`.
    pub fn epoch(&self) -> usize {
        self.position / self.stream.steps()
    }

    /// Goes on from `position`, to the end of the epoch that it lies in. The end of one epoch
    /// is the beginning of the next.
    pub fn seek(&mut self, position: usize) {
        let steps = self.stream.steps();
        self.position = position;
        self.end = (position / steps).saturating_add(1).saturating_mul(steps);
    }

    /// Goes on with the next epoch, once this one has been read to its end. In the midst of an
    /// epoch it changes nothing: no pair is skipped.
    pub fn next_epoch(&mut self) {
        self.seek(self.position);
    }
}

impl<'a, R: Real> Iterator for Windows<'a, R> {
    type Item = Window<'a, R>;

    fn next(&mut self) -> Option<Self::Item> {
        let steps = self.window.min(self.end - self.position);
        if steps == 0 {
            return None;
        }
        let Stream { tokens, mask, batch, .. } = self.stream;
        let start = self.position % self.stream.steps();
        self.position += steps;
        let (from, to) = (start * batch, (start + steps) * batch);
        Some(Window {
            start,
            batch: *batch,
            inputs: &tokens[from..to],
            targets: &tokens[from + batch..to + batch],
            mask: &mask[from..to],
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.position).div_ceil(self.window);
        (left, Some(left))
    }
}

impl<R: Real> ExactSizeIterator for Windows<'_, R> {}
impl<R: Real> FusedIterator for Windows<'_, R> {}

/// `T` steps of `B` rows, time-major: the entry of step `t` in row `b` stands at `t · B + b`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Window<'a, R = f32> {
    /// The step of the epoch at which the window begins; at 0 the state should begin anew.
    pub start: usize,
    /// `B`
    pub batch: usize,
    /// `[T, B]`: the tokens.
    pub inputs: &'a [usize],
    /// `[T, B]`: the tokens that follow them.
    pub targets: &'a [usize],
    /// `[T, B]`: 1 where there is a pair to learn, 0 where the row has ended. Input and target
    /// are valid indices there as well, but must not enter the loss.
    pub mask: &'a [R],
}

impl<'a, R: Real> Window<'a, R> {
    /// `T`, the number of steps.
    pub fn len(&self) -> usize {
        self.inputs.len() / self.batch
    }

    /// Has the window no steps? None that a [`Stream`] yields is empty.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// `Σ mask`, the pairs to learn: the number to divide a summed loss by.
    pub fn pairs(&self) -> usize {
        self.mask.iter().filter(|&&m| m == R::ONE).count()
    }

    /// Step by step: inputs, targets and mask, each `[B]`.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = (&'a [usize], &'a [usize], &'a [R])> {
        let step = move |t: usize| t * self.batch..(t + 1) * self.batch;
        let Self { inputs, targets, mask, .. } = *self;
        (0..self.len()).map(move |t| (&inputs[step(t)], &targets[step(t)], &mask[step(t)]))
    }
}
