//! What is carried from one step to the next.

use crate::{Error, Result, Widths, rows};
use smallvec::SmallVec;
use tape::{Real, Var};

/// The parts of a state, one behind the other.
pub type States<'t, T> = SmallVec<[Var<'t, T>; 8]>;

/// What is carried from one step to the next: `h`, or `(h, c)`, or states of states.
pub trait State<'t, T: Real>: Copy {
    /// The same state with every part replaced.
    #[must_use]
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self;

    /// A state whose parts come from `next`, first part first.
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self;

    /// The part that the layers above read: `h`.
    fn output(self) -> Var<'t, T>;

    /// Its parts, in the order of [`map`](State::map).
    fn parts(self) -> States<'t, T> {
        let mut parts = States::new();
        let _ = self.map(&mut |part| {
            parts.push(part);
            part
        });
        parts
    }

    /// The same state, part by part combined with those of `other`.
    #[must_use]
    fn zip(
        self,
        other: Self,
        combine: &mut dyn FnMut(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
    ) -> Self {
        let mut others = other.parts().into_iter();
        self.map(&mut |part| others.next().map_or(part, |other| combine(part, other)))
    }

    /// The same values; in the rows where `mask [B]` holds, adjoints stop here.
    ///
    /// # Panics
    /// When the mask is not of one flag for each row.
    #[track_caller]
    #[must_use]
    fn detach_rows(self, mask: &[bool]) -> Self {
        self.zip(self.map(&mut |part| part.detach()), &mut chooser(mask))
    }

    /// Zeros in the rows where `mask [B]` holds, as at the beginning of a sequence; the other rows go on.
    ///
    /// # Panics
    /// When the mask is not of one flag for each row.
    #[track_caller]
    #[must_use]
    fn reset_rows(self, mask: &[bool]) -> Self {
        let mut flags = None;
        self.map(&mut |part| {
            let chosen = || rows::flags(part.tape(), mask.len(), |r| !mask[r]);
            rows::keep(*flags.get_or_insert_with(chosen), part)
        })
    }

    /// The rows of `start` where `mask [B]` holds; the other rows go on.
    ///
    /// # Panics
    /// When the mask is not of one flag for each row, or the two states differ in shape.
    #[track_caller]
    #[must_use]
    fn reset_rows_to(self, mask: &[bool], start: Self) -> Self {
        self.zip(start, &mut chooser(mask))
    }
}

/// `(part, other) ↦` the rows of `other` where `mask` holds, else those of `part`.
fn chooser<'t, T: Real>(
    mask: &[bool],
) -> impl FnMut(Var<'t, T>, Var<'t, T>) -> Var<'t, T> + use<'_, 't, T> {
    let mut flags = None;
    move |part, other| {
        let chosen = || rows::flags(part.tape(), mask.len(), |r| mask[r]);
        rows::choose(*flags.get_or_insert_with(chosen), other, part)
    }
}

/// Are these the parts of a state for `batch` rows, each as wide as `widths` says?
pub(crate) fn check<T: Real>(parts: &[Var<'_, T>], widths: &Widths, batch: usize) -> Result<()> {
    let fits = |(part, &width): (&Var<'_, T>, &usize)| part.shape()[..] == [batch, width];
    if parts.len() == widths.len() && parts.iter().zip(widths).all(fits) {
        return Ok(());
    }
    let shapes: Vec<_> = parts.iter().map(|part| part.shape().to_vec()).collect();
    let wanted: Vec<_> = widths.iter().map(|&width| vec![batch, width]).collect();
    Err(misfit(&shapes, batch, &wanted))
}

/// The error for a state of other shapes than those `wanted`.
pub(crate) fn misfit(shapes: &[Vec<usize>], batch: usize, wanted: &[Vec<usize>]) -> Error {
    Error::Data {
        what: format!("a state of shapes {shapes:?}"),
        rule: format!("for a batch of {batch} rows this cell carries {wanted:?}"),
        remedy: "carry a state between batches of one size and steps of one cell only; \
                 begin another batch with `zeros`",
    }
}

impl<'t, T: Real> State<'t, T> for Var<'t, T> {
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self {
        replace(self)
    }
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self {
        next()
    }
    fn output(self) -> Var<'t, T> {
        self
    }
}

impl<'t, T: Real, A: State<'t, T>, B: State<'t, T>> State<'t, T> for (A, B) {
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self {
        (self.0.map(replace), self.1.map(replace))
    }
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self {
        (A::build(next), B::build(next))
    }
    fn output(self) -> Var<'t, T> {
        self.0.output()
    }
}
