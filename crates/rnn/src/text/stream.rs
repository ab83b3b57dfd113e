//! One long text read in parallel, window after window, and nothing lost at the end.

use crate::Error;
use std::{iter::FusedIterator, ops::Range};
use tape::Real;

/// A text laid out for `B` parallel readers.
///
/// `N` tokens make `N − 1` pairs (token, next token). They are dealt to `B` rows in contiguous
/// runs, the first `(N − 1) mod B` rows one pair longer than the others. The epoch is as long
/// as the longest row, `S = ⌈(N − 1) / B⌉` steps: a shorter row ends with one masked step.
/// No pair is dropped, none comes twice.
///
/// ```text
///  N = 12, B = 3: 11 pairs, S = 4     t     0      1      2      3
///                                row 0    0→1    1→2    2→3    3→4
///                                row 1    4→5    5→6    6→7    7→8
///                                row 2    8→9   9→10  10→11      ·     · masked
/// ```
///
/// The tokens are laid out once, time-major `[S + 1, B]`. A window of `T` steps from step `t`
/// is then a borrowed slice of it, and its targets are the same slice one step later:
/// cutting windows copies nothing and allocates nothing.
#[derive(Debug, Clone)]
pub struct Stream<R = f32> {
    /// `[S + 1, B]`
    tokens: Vec<usize>,
    /// `[S, B]`: 1 where there is a pair, 0 where the row has ended.
    mask: Vec<R>,
    batch: usize,
    pairs: usize,
}

impl<R: Real> Stream<R> {
    /// Deals `tokens` to `batch` rows.
    ///
    /// # Errors
    /// [`Error::ZeroBatch`] if `batch` is 0, [`Error::EmptyText`] if there are no tokens,
    /// [`Error::TextTooShort`] if there are fewer pairs than rows.
    pub fn new(tokens: &[usize], batch: usize) -> Result<Self, Error> {
        if batch == 0 {
            return Err(Error::ZeroBatch);
        }
        if tokens.is_empty() {
            return Err(Error::EmptyText { origin: "the token sequence".into() });
        }
        let pairs = tokens.len() - 1;
        if pairs < batch {
            return Err(Error::TextTooShort { tokens: tokens.len(), batch });
        }
        let (short, longer) = (pairs / batch, pairs % batch);
        let steps = pairs.div_ceil(batch);
        let start = |row: usize| row * short + row.min(longer);
        let len = |row: usize| short + usize::from(row < longer);

        let laid_out = (0..=steps)
            // Past its end a row repeats its last token: masked, but a valid index.
            .flat_map(|t| (0..batch).map(move |row| tokens[start(row) + t.min(len(row))]))
            .collect();
        let mask = (0..steps)
            .flat_map(|t| (0..batch).map(move |row| if t < len(row) { R::ONE } else { R::ZERO }))
            .collect();
        Ok(Self { tokens: laid_out, mask, batch, pairs })
    }

    /// Some of the rows, as a stream of the same steps: for a [shard](crate::shards) of the batch.
    ///
    /// # Errors
    /// [`Error::Data`] when there are no such rows, [`Error::ZeroBatch`] if none are asked for.
    pub fn rows(&self, rows: Range<usize>) -> Result<Self, Error> {
        if rows.end > self.batch {
            return Err(Error::Data {
                what: format!("rows {rows:?} of a stream"),
                rule: format!("it has {}", self.batch),
                remedy: "ask for rows among them, as `Shard::rows` gives for that batch",
            });
        }
        if rows.is_empty() {
            return Err(Error::ZeroBatch);
        }
        fn of<X: Copy>(all: &[X], batch: usize, rows: &Range<usize>) -> Vec<X> {
            all.chunks_exact(batch).flat_map(|step| &step[rows.clone()]).copied().collect()
        }
        let (tokens, mask) =
            (of(&self.tokens, self.batch, &rows), of(&self.mask, self.batch, &rows));
        let pairs = mask.iter().filter(|&&m| m == R::ONE).count();
        Ok(Self { tokens, mask, batch: rows.len(), pairs })
    }

    /// `B`, the number of rows.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// `S = ⌈(N − 1) / B⌉`, the steps of one epoch.
    pub fn steps(&self) -> usize {
        self.mask.len() / self.batch
    }

    /// `N − 1`, the pairs of one epoch: the number to divide a summed loss by.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Windows of `window` steps in the order of the text, until the epoch ends; the last one
    /// may be shorter.
    ///
    /// # Errors
    /// [`Error::ZeroWindow`] if `window` is 0.
    pub fn windows(&self, window: usize) -> Result<Windows<'_, R>, Error> {
        if window == 0 {
            return Err(Error::ZeroWindow);
        }
        Ok(Windows { stream: self, window, position: 0, end: self.steps() })
    }
}

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

impl<R: Real> Windows<'_, R> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every window, owned, so that two readings can be compared.
    type Copied = (usize, Vec<usize>, Vec<usize>, Vec<f64>);

    fn copied(window: Window<'_, f64>) -> Copied {
        (window.start, window.inputs.to_vec(), window.targets.to_vec(), window.mask.to_vec())
    }

    /// All texts of `N ≤ 40` tokens (token `i` is `i`, so a pair tells its place), all `B ≤ 5`
    /// that fit, all `k ≤ 7`.
    fn for_all(mut check: impl FnMut(&Stream<f64>, usize)) {
        for tokens in 2..=40 {
            for batch in 1..=5.min(tokens - 1) {
                let text: Vec<usize> = (0..tokens).collect();
                let stream = Stream::new(&text, batch).unwrap();
                assert_eq!(stream.pairs(), tokens - 1);
                (1..=7).for_each(|window| check(&stream, window));
            }
        }
    }

    #[test]
    fn every_pair_comes_exactly_once() {
        for_all(|stream, k| {
            let mut seen = vec![0; stream.pairs()];
            for window in stream.windows(k).unwrap() {
                assert_eq!(window.inputs.len(), window.mask.len());
                for ((&x, &y), &m) in window.inputs.iter().zip(window.targets).zip(window.mask) {
                    assert!(m == 0.0 || m == 1.0);
                    if m == 1.0 {
                        assert_eq!(y, x + 1);
                        seen[x] += 1;
                    }
                }
            }
            assert_eq!(seen, vec![1; stream.pairs()]);
        });
    }

    #[test]
    fn each_row_goes_on_where_it_stopped() {
        for_all(|stream, k| {
            for row in 0..stream.batch() {
                let mut last = None;
                for (inputs, targets, mask) in
                    stream.windows(k).unwrap().flat_map(|window| window.steps().collect::<Vec<_>>())
                {
                    if mask[row] == 1.0 {
                        assert!(last.is_none_or(|target| target == inputs[row]));
                        last = Some(targets[row]);
                    }
                }
                assert!(last.is_some());
            }
        });
    }

    #[test]
    fn only_the_last_window_is_short_and_only_the_last_step_is_masked() {
        for_all(|stream, k| {
            let windows = stream.windows(k).unwrap();
            let count = windows.len();
            let (mut steps, mut pairs) = (0, 0);
            for (i, window) in windows.enumerate() {
                assert_eq!(window.start, steps);
                assert!(window.len() == k || i + 1 == count && window.len() <= k);
                assert!(!window.is_empty());
                (steps, pairs) = (steps + window.len(), pairs + window.pairs());
                for (t, (_, targets, mask)) in window.steps().enumerate() {
                    let last = window.start + t + 1 == stream.steps();
                    assert!(last || mask.iter().all(|&m| m == 1.0));
                    assert!(targets.iter().all(|&token| token <= stream.pairs()));
                }
            }
            assert_eq!((steps, pairs), (stream.steps(), stream.pairs()));
        });
    }

    #[test]
    fn a_saved_position_resumes_at_the_very_next_window() {
        for_all(|stream, k| {
            let mut reader = stream.windows(k).unwrap();
            for _ in 0..3 * reader.len() {
                let mut resumed = stream.windows(k).unwrap();
                resumed.seek(reader.position());
                reader.next_epoch();
                assert_eq!(
                    (resumed.position(), resumed.epoch()),
                    (reader.position(), reader.epoch())
                );
                assert_eq!(resumed.len(), reader.len());
                let window = reader.next().map(copied).unwrap();
                assert_eq!(resumed.next().map(copied), Some(window));
            }
            assert_eq!((reader.epoch(), reader.position()), (3, 3 * stream.steps()));
        });
    }

    #[test]
    fn some_rows_are_read_as_they_are_among_all() {
        for_all(|stream, k| {
            for cut in 1..stream.batch() {
                let [left, right] = [0..cut, cut..stream.batch()].map(|r| stream.rows(r).unwrap());
                assert_eq!(left.pairs() + right.pairs(), stream.pairs());
                let (mut left, mut right) = (left.windows(k).unwrap(), right.windows(k).unwrap());
                for all in stream.windows(k).unwrap() {
                    let (left, right) = (left.next().unwrap(), right.next().unwrap());
                    for (all, (left, right)) in all.steps().zip(left.steps().zip(right.steps())) {
                        assert_eq!(all.0, [left.0, right.0].concat());
                        assert_eq!(all.1, [left.1, right.1].concat());
                        assert_eq!(all.2, [left.2, right.2].concat());
                    }
                }
                assert!(left.next().is_none() && right.next().is_none());
            }
            assert!(matches!(stream.rows(1..1), Err(Error::ZeroBatch)));
            assert!(matches!(stream.rows(0..stream.batch() + 1), Err(Error::Data { .. })));
        });
    }

    #[test]
    fn an_epoch_ends_until_the_next_is_asked_for() {
        let stream = Stream::<f64>::new(&[0, 1, 2, 3, 4, 5], 2).unwrap();
        let mut windows = stream.windows(2).unwrap();
        let first: Vec<_> = windows.by_ref().map(copied).collect();
        assert!(windows.next().is_none() && windows.next().is_none());
        windows.next_epoch();
        assert_eq!(windows.by_ref().map(copied).collect::<Vec<_>>(), first);
        assert_eq!(windows.epoch(), 2);
    }

    #[test]
    fn a_call_for_the_next_epoch_in_the_midst_of_one_skips_nothing() {
        let stream = Stream::<f64>::new(&[0, 1, 2, 3, 4, 5], 1).unwrap();
        let mut windows = stream.windows(2).unwrap();
        windows.next();
        windows.next_epoch();
        assert_eq!(windows.next().unwrap().inputs, [2, 3]);
    }

    #[test]
    fn a_window_beyond_the_text_sees_it_whole() {
        let stream = Stream::<f32>::new(&[7, 8, 9], 1).unwrap();
        let window = stream.windows(usize::MAX).unwrap().next().unwrap();
        assert_eq!((window.inputs, window.targets), ([7, 8].as_slice(), [8, 9].as_slice()));
    }

    #[test]
    fn a_text_too_short_is_told_what_would_do() {
        let error = Stream::<f32>::new(&[0; 4], 4).unwrap_err();
        assert!(matches!(error, Error::TextTooShort { tokens: 4, batch: 4 }));
        let message = error.to_string();
        assert!(message.contains("need 5 tokens") && message.contains("at most 3"), "{message}");
        assert!(Stream::<f32>::new(&[0; 4], 3).is_ok());
        assert!(matches!(Stream::<f32>::new(&[0], 1), Err(Error::TextTooShort { .. })));
        assert!(matches!(Stream::<f32>::new(&[], 1), Err(Error::EmptyText { .. })));
    }

    #[test]
    fn nothing_at_a_time_is_refused() {
        assert!(matches!(Stream::<f32>::new(&[0, 1], 0), Err(Error::ZeroBatch)));
        let stream = Stream::<f32>::new(&[0, 1], 1).unwrap();
        assert!(matches!(stream.windows(0), Err(Error::ZeroWindow)));
    }
}
