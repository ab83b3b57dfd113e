//! One long text read in parallel, window after window, and nothing lost at the end.

mod window;

pub use window::{Window, Windows};

use crate::Error;
use std::ops::Range;
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
        Ok(Windows::new(self, window))
    }
}

#[cfg(test)]
mod tests;
