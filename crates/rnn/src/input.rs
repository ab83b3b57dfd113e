//! What a recurrence reads: rows of numbers, or classes.

use smallvec::SmallVec;
use std::ops::Range;
use tape::{
    Op, Real, Shape, Tape, Var,
    ops::{
        index::{gather_affine::GatherAffine, gather_rows::GatherRows},
        linear::{affine::Affine, matmul::MatMul},
    },
};

/// Inputs of one step, `[B, X]`, or of several, `[T, B, X]`.
///
/// Classes stand for rows of zeros and a one, which need not be written out: a product with such a row is a
/// look-up, with the same bits.
#[derive(Debug, Clone)]
pub enum Input<'t, 'd, T: Real> {
    /// Rows of numbers: `[.., X]`.
    Dense(Var<'t, T>),
    /// Rows of zeros and a one, given by the place of the one.
    OneHot {
        /// The places, time-major, in the order of the rows.
        indices: &'d [usize],
        /// How many places there are: X.
        classes: usize,
        /// The axes before the last: `[B]` or `[T, B]`.
        lead: SmallVec<[usize; 2]>,
    },
}

impl<'t, 'd, T: Real> Input<'t, 'd, T> {
    /// Classes for `indices.len() / batch` steps of `batch` rows: `[T, B, classes]`.
    ///
    /// # Panics
    /// When the indices do not fill whole steps.
    #[track_caller]
    pub fn one_hot(indices: &'d [usize], batch: usize, classes: usize) -> Self {
        assert!(
            batch > 0 && indices.len().is_multiple_of(batch),
            "{} indices do not fill steps of {batch} rows",
            indices.len()
        );
        let lead = [indices.len() / batch, batch].into_iter().collect();
        Self::OneHot { indices, classes, lead }
    }

    /// The axes before the last: `[B]` or `[T, B]`.
    #[track_caller]
    pub fn lead(&self) -> Shape {
        match self {
            Self::Dense(x) => {
                let mut shape = x.shape();
                shape.pop();
                shape
            }
            Self::OneHot { lead, .. } => lead.iter().copied().collect(),
        }
    }

    /// The steps `range` of inputs `[T, B, X]`.
    #[track_caller]
    #[must_use]
    pub fn steps(&self, range: Range<usize>) -> Self {
        match self {
            Self::Dense(x) => Self::Dense(x.slice(0, range)),
            Self::OneHot { indices, classes, lead } => {
                let rows = lead[1..].iter().product::<usize>();
                let mut lead = lead.clone();
                lead[0] = range.len();
                let indices = &indices[range.start * rows..range.end * rows];
                Self::OneHot { indices, classes: *classes, lead }
            }
        }
    }

    /// Step `t` of inputs `[T, B, X]`: `[B, X]`.
    ///
    /// ```
    /// let xs = rnn::Input::<f64>::one_hot(&[2, 0, 1, 1], 2, 3);
    /// let tape = tape::Tape::new();
    /// let ones = ndarray::arr2(&[[0.0, 1.0, 0.0]; 2]).into_dyn();
    /// assert_eq!(xs.step(1).dense(&tape).value(), ones);
    /// let dense = rnn::Input::Dense(xs.dense(&tape));
    /// assert_eq!(dense.step(1).dense(&tape).value(), ones);
    /// ```
    ///
    /// # Panics
    /// When there is no such step.
    #[track_caller]
    #[must_use]
    pub fn step(&self, t: usize) -> Self {
        match self {
            Self::Dense(x) => Self::Dense(x.select(0, t)),
            Self::OneHot { indices, classes, lead } => {
                let rows = lead[1..].iter().product::<usize>();
                let (indices, lead) = (&indices[t * rows..][..rows], lead[1..].into());
                Self::OneHot { indices, classes: *classes, lead }
            }
        }
    }

    /// `x W + b`, or `x W` without a bias, for [`Cell::project`](crate::Cell::project): what a step reads at its own time, and
    /// neither later nor on the way back. The memory of a stretch of steps then serves the next.
    ///
    /// Steps may read it all the same: an op that needs it on the way back ([`Op::reads`](tape::Op::reads)) keeps it. But where
    /// a state carries it on, a later step is told that it was let go: there [`affine`](Self::affine) and
    /// [`matmul`](Self::matmul) are the ones to take, whose result stays.
    #[track_caller]
    pub fn project(&self, w: Var<'t, T>, b: Option<Var<'t, T>>) -> Var<'t, T> {
        self.product(w, b, Place::Aside)
    }

    /// `x W + b`, with `W` `[X, out]`.
    #[track_caller]
    pub fn affine(&self, w: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
        self.product(w, Some(b), Place::Tape)
    }

    /// `x W`, with `W` `[X, out]`.
    #[track_caller]
    pub fn matmul(&self, w: Var<'t, T>) -> Var<'t, T> {
        self.product(w, None, Place::Tape)
    }

    /// `x W`, or `x W + b`, as one node: of classes, the look-up that it is.
    #[track_caller]
    fn product(&self, w: Var<'t, T>, b: Option<Var<'t, T>>, place: Place) -> Var<'t, T> {
        match self {
            Self::Dense(x) => match b {
                Some(b) => place.record(Affine, &[*x, w, b], &[]),
                None => place.record(MatMul::default(), &[*x, w], &[]),
            },
            Self::OneHot { indices, classes, lead } => {
                rows_of(w, *classes);
                let rows = match b {
                    Some(b) => place.record(GatherAffine, &[w, b], indices),
                    None => place.record(GatherRows, &[w], indices),
                };
                shaped(rows, lead)
            }
        }
    }

    /// The rows written out: `[.., X]`.
    #[track_caller]
    pub fn dense(&self, tape: &'t Tape<T>) -> Var<'t, T> {
        match self {
            Self::Dense(x) => *x,
            Self::OneHot { indices, classes, lead } => {
                let mut shape: Shape = lead.iter().copied().collect();
                shape.push(*classes);
                tape.one_hot(indices, *classes).reshape(shape)
            }
        }
    }
}

/// Where a product is written.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// On the tape, where it stays.
    Tape,
    /// Aside, until it is [let go](Tape::let_go).
    Aside,
}

impl Place {
    #[track_caller]
    fn record<'t, T: Real>(
        self,
        op: impl Op<T>,
        inputs: &[Var<'t, T>],
        indices: &[usize],
    ) -> Var<'t, T> {
        let tape = inputs[0].tape();
        match self {
            Self::Tape => tape.apply_indexed(op, inputs, indices),
            Self::Aside => tape.apply_aside(op, inputs, indices),
        }
    }
}

/// Insists that a weight has a row for each class.
#[track_caller]
fn rows_of<T: Real>(w: Var<'_, T>, classes: usize) {
    let rows = w.shape()[0];
    assert!(rows == classes, "one-hot inputs of {classes} classes times a weight of {rows} rows");
}

/// Rows that were looked up, under the axes of what they were looked up for.
#[track_caller]
fn shaped<'t, T: Real>(rows: Var<'t, T>, lead: &[usize]) -> Var<'t, T> {
    if lead.len() == 1 {
        return rows;
    }
    let mut shape: Shape = lead.iter().copied().collect();
    shape.extend(rows.shape().last().copied());
    rows.reshape(shape)
}
