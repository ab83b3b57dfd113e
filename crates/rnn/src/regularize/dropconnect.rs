//! Weights that are dropped: L. Wan et al., *Regularization of neural networks using DropConnect*, 2013; on the recurrent
//! weights, with one mask for a sequence, S. Merity, N. Keskar and R. Socher, 2017.

use super::stream;
use crate::{Bound, Cell, Input, Sequence, Widths};
use smallvec::SmallVec;
use tape::{ParamId, Real, Var};

/// A cell some of whose weights are dropped, for all steps of a seed alike, and the others scaled by `1 / (1 − rate)`.
///
/// The cell knows nothing of it: it asks for a parameter and is given the masked one ([`Bound::instead`]).
#[derive(Debug, Clone)]
pub struct DropConnect<C> {
    /// The cell.
    pub cell: C,
    /// Which weights: the recurrent ones, usually `cell.u`.
    pub weights: SmallVec<[ParamId; 2]>,
    /// The probability with which a weight is dropped, within `0..=1`.
    pub rate: f64,
    /// Which use in the model: each has its own.
    pub key: u64,
}

/// Parameters, and what is read in their place.
type Masked<'t, T> = SmallVec<[(ParamId, Var<'t, T>); 4]>;

impl<C> DropConnect<C> {
    #[track_caller]
    fn masked<'t, T: Real>(&self, p: Bound<'t, '_, T>) -> Masked<'t, T> {
        let Some(seed) = p.seed() else { return p.replaced().into() };
        let mask = |(i, &id): (usize, &ParamId)| {
            (id, p.var(id).dropout(self.rate, stream(seed, self.key, i), 0))
        };
        // The first that is found counts: a mask is put on what stood there before.
        self.weights.iter().enumerate().map(mask).chain(p.replaced().iter().copied()).collect()
    }
}

impl<T: Real, C: Cell<T>> Cell<T> for DropConnect<C> {
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
        self.cell.project(p.instead(&self.masked(p)), x)
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        self.cell.step(p.instead(&self.masked(p)), x, state)
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.cell.step_in_parts(p.instead(&self.masked(p)), x, state, show)
    }

    /// The masks are put on once for all steps.
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: Self::State<'t>,
        outputs: &mut Vec<Var<'t, T>>,
    ) -> Self::State<'t> {
        self.cell.run(p.instead(&self.masked(p)), xs, start, outputs)
    }
}
