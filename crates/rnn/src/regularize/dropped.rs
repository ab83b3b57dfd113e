//! Dropout on what a cell reads: the input, and its own state.

use super::Dropout;
use crate::{Bound, Cell, Input, State, Widths};
use tape::{Real, Var};

/// A cell that reads its inputs, or the first part of its state (`h`), through dropout. What it carries on is whole.
///
/// With [`Mask::Locked`](super::Mask::Locked) for both this is the variational recurrent network of Y. Gal and Z. Ghahramani, 2016.
#[derive(Debug, Clone, Copy)]
pub struct Dropped<C> {
    /// The cell.
    pub cell: C,
    /// On the inputs `x`, before they are projected. Rows of zeros and a one are written out for it.
    pub input: Option<Dropout>,
    /// On `h`, as the step reads it.
    pub state: Option<Dropout>,
}

impl<C> Dropped<C> {
    #[track_caller]
    fn read<'t, T: Real>(&self, p: Bound<'t, '_, T>, state: C::State<'t>) -> C::State<'t>
    where
        C: Cell<T>,
    {
        let mut dropout = self.state;
        state.map(&mut |part| dropout.take().map_or(part, |dropout| dropout.apply(p, part)))
    }
}

impl<T: Real, C: Cell<T>> Cell<T> for Dropped<C> {
    type State<'t>
        = C::State<'t>
    where
        T: 't;

    fn widths(&self) -> Widths {
        self.cell.widths()
    }

    fn output_width(&self) -> usize {
        self.cell.output_width()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        match self.input {
            Some(dropout) if p.seed().is_some() => {
                self.cell.project(p, Input::Dense(dropout.apply(p, x.dense(p.tape()))))
            }
            _ => self.cell.project(p, x),
        }
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        self.cell.step(p, x, self.read(p, state))
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.cell.step_in_parts(p, x, self.read(p, state), show)
    }
}
