//! Sequences of unequal lengths, side by side in one batch.

use crate::{Error, Input, Result, State, rows};
use std::ops::Range;
use tape::{Real, Tape, Var};

/// Inputs `[T, B, X]` with the lengths of the rows.
///
/// ```text
///            t = 0  1  2  3
/// row 0        x  x  x  x       length 4
/// row 1        x  ·  ·  ·       length 1
/// row 2        ·  ·  ·  ·       length 0
/// row 3        x  x  x  ·       length 3      in any order
/// ```
///
/// What stands at padding (`·`) is never looked at. A row ends at its own end: its state stays what it was, its outputs
/// are zero from there on, and it has the bits that it would have alone. Read from the end, a row begins at its own end.
///
/// ```
/// use rnn::Sequence;
///
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant(ndarray::Array3::from_elem((4, 3, 2), 0.5)); // [B, T, X]
/// let xs = Sequence::batch_major(x).with_lengths(&[3, 0, 1, 2])?;
/// assert_eq!((xs.steps(), xs.batch()), (3, 4));
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sequence<'t, 'd, T: Real> {
    input: Input<'t, 'd, T>,
    lengths: Option<&'d [usize]>,
    /// The step that its first one is in the sequence whose lengths these are.
    first: usize,
    reversed: bool,
}

impl<'t, 'd, T: Real> Sequence<'t, 'd, T> {
    /// A sequence of inputs `[T, B, X]`, all rows of length T.
    ///
    /// # Panics
    /// When the inputs have another number of axes.
    #[track_caller]
    pub fn time_major(input: Input<'t, 'd, T>) -> Self {
        let lead = input.lead();
        assert!(
            lead.len() == 2,
            "a sequence of inputs [.., X] with {:?} before the last axis: it is [T, B, X]; \
             add the axis that is missing (`unsqueeze`), or name the layout by `batch_major`",
            &lead[..]
        );
        Self { input, lengths: None, first: 0, reversed: false }
    }

    /// A sequence of inputs `[B, T, X]`, which are transposed to `[T, B, X]`.
    ///
    /// # Panics
    /// When the inputs have another number of axes.
    #[track_caller]
    pub fn batch_major(x: Var<'t, T>) -> Self {
        let rank = x.shape().len();
        assert!(rank == 3, "a batch-major sequence of rank {rank}: it is [B, T, X]");
        Self::time_major(Input::Dense(x.transpose(0, 1)))
    }

    /// The same sequence with the length of each row, in any order; a row may be empty.
    ///
    /// # Errors
    /// When there is not one length for each row, or one is longer than the sequence.
    pub fn with_lengths(self, lengths: &'d [usize]) -> Result<Self> {
        let steps = self.steps();
        if let Some((row, length)) = lengths.iter().enumerate().find(|(_, n)| **n > steps) {
            return Err(Error::Data {
                what: format!("a length of {length} for row {row}"),
                rule: format!("the sequence has {steps} steps"),
                remedy: "pad the inputs to the longest row",
            });
        }
        self.with_lengths_from(0, lengths)
    }

    /// The same as a window of a longer sequence, beginning with its step `first`, where the lengths are
    /// those of the whole: so that one list serves all windows.
    ///
    /// # Errors
    /// When there is not one length for each row.
    pub fn with_lengths_from(mut self, first: usize, lengths: &'d [usize]) -> Result<Self> {
        let batch = self.batch();
        if lengths.len() != batch {
            return Err(Error::Data {
                what: format!("{} lengths", lengths.len()),
                rule: format!("the batch has {batch} rows"),
                remedy: "give one length for each row, 0 for an empty one",
            });
        }
        (self.first, self.lengths) = (first, Some(lengths));
        if let Input::Dense(x) = self.input {
            // Zeros, so that nothing at padding finds its way into a product: 0 · NaN is NaN.
            self.input = Input::Dense(self.clear_padding(x));
        }
        Ok(self)
    }

    /// The same sequence, read from the end: each row from its own. Steps keep their numbers.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { reversed: !self.reversed, ..self }
    }

    /// Other inputs for the same steps and rows: what a layer made of these.
    ///
    /// # Panics
    /// When there are more or fewer of them.
    #[track_caller]
    #[must_use]
    pub fn with_input(&self, input: Input<'t, 'd, T>) -> Self {
        let (lead, own) = (input.lead(), self.input.lead());
        assert!(lead == own, "inputs for {:?} in place of inputs for {:?}", &lead[..], &own[..]);
        Self { input, ..self.clone() }
    }

    /// The steps `range`, as a sequence of its own.
    #[track_caller]
    #[must_use]
    pub fn window(&self, range: Range<usize>) -> Self {
        let first = self.first + range.start;
        Self { input: self.input.steps(range), first, ..self.clone() }
    }

    /// T
    pub fn steps(&self) -> usize {
        self.input.lead()[0]
    }

    /// B
    pub fn batch(&self) -> usize {
        self.input.lead()[1]
    }

    /// Is it read from the end?
    pub fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// The inputs, `[T, B, X]`. Rows of numbers are zero at padding; classes are what they were.
    pub fn input(&self) -> &Input<'t, 'd, T> {
        &self.input
    }

    /// The inputs written out, `[T, B, X]`, zero at padding.
    #[track_caller]
    pub fn dense(&self, tape: &'t Tape<T>) -> Var<'t, T> {
        match &self.input {
            Input::Dense(x) => *x,
            classes => self.clear_padding(classes.dense(tape)),
        }
    }

    /// Does row `r` still go on at step `t`?
    pub fn holds(&self, t: usize, r: usize) -> bool {
        self.lengths.is_none_or(|lengths| self.first + t < lengths[r])
    }

    /// `x` `[T, B, ..]` with zeros at padding. Where there is none, `x` itself.
    #[track_caller]
    #[must_use]
    pub fn clear_padding(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (steps, batch) = (self.steps(), self.batch());
        if self.whole_until(steps) {
            return x;
        }
        let flags = rows::flags(x.tape(), steps * batch, |k| self.holds(k / batch, k % batch));
        rows::keep(flags, x)
    }

    /// The steps in the order of reading.
    pub fn order(&self) -> impl Iterator<Item = usize> + use<T> {
        let (steps, reversed) = (self.steps(), self.reversed);
        (0..steps).map(move |k| if reversed { steps - 1 - k } else { k })
    }

    /// Turns what was listed in the order of reading into the order of time.
    pub fn into_time<V>(&self, each: &mut [V]) {
        if self.reversed {
            each.reverse();
        }
    }

    /// Makes step `t` from `before`. Rows that have ended (or read from the end: not yet begun) keep the state that they
    /// had.
    ///
    /// When no row has ended this adds no node; when all have, the step is not made.
    #[track_caller]
    #[must_use]
    pub fn step<S: State<'t, T>>(&self, t: usize, before: S, make: impl FnOnce(S) -> S) -> S {
        if self.whole_until(t + 1) {
            return make(before);
        }
        let batch = self.batch();
        if (0..batch).all(|r| !self.holds(t, r)) {
            return before;
        }
        let after = make(before);
        let flags = rows::flags(after.output().tape(), batch, |r| self.holds(t, r));
        after.zip(before, &mut |after, before| rows::choose(flags, after, before))
    }

    /// Outputs of every step as one array `[T, B, O]`, zero at padding.
    #[track_caller]
    pub fn stack(&self, tape: &'t Tape<T>, outputs: &[Var<'t, T>], width: usize) -> Var<'t, T> {
        if outputs.is_empty() {
            return tape.zeros(&[0, self.batch(), width]);
        }
        self.clear_padding(tape.stack(outputs))
    }

    /// Does no row end before step `end`?
    fn whole_until(&self, end: usize) -> bool {
        self.lengths.is_none_or(|lengths| lengths.iter().all(|&n| n >= self.first + end))
    }
}

impl<'t, 'd, T: Real> From<&Input<'t, 'd, T>> for Sequence<'t, 'd, T> {
    /// [`time_major`](Sequence::time_major)
    #[track_caller]
    fn from(input: &Input<'t, 'd, T>) -> Self {
        Self::time_major(input.clone())
    }
}

impl<'t, 'd, T: Real> From<Input<'t, 'd, T>> for Sequence<'t, 'd, T> {
    /// [`time_major`](Sequence::time_major)
    #[track_caller]
    fn from(input: Input<'t, 'd, T>) -> Self {
        Self::time_major(input)
    }
}

impl<'t, 'd, T: Real> From<&Self> for Sequence<'t, 'd, T> {
    fn from(sequence: &Self) -> Self {
        sequence.clone()
    }
}
