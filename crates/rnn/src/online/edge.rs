//! The edge of a block: where the tape ends and the influence matrix begins.

use crate::{Result, State, state::States};
use ndarray::{ArrayD, IxDyn};
use smallvec::SmallVec;
use tape::{Gradients, ParamId, Real, Tape, Var};

/// What a method knows of `M = ∂s/∂θ`, exactly or not, and how it learns of one block more.
pub trait Influence<T: Real> {
    /// The parameters that have had an influence so far.
    fn params(&self) -> &[ParamId];

    /// θ̄ += s̄ᵀ M, with s̄ `[N]`, part after part of the state, each row after row.
    fn pull(&self, cotangent: &[T], gradients: &mut Gradients<T>);

    /// M ← J M + I, with J and I those of the block that ends here.
    ///
    /// # Errors
    /// When that takes more memory than allowed, or the tape refuses a sweep.
    fn carry(&mut self, edge: &mut Edge<'_, T>) -> Result<()>;
}

/// A block between the state it began with and the state it ended with, to be asked for products with its derivatives.
#[derive(Debug)]
pub struct Edge<'t, T: Real> {
    tape: &'t Tape<T>,
    before: States<'t, T>,
    after: States<'t, T>,
    seeds: Vec<ArrayD<T>>,
    state: Vec<T>,
    unit: Vec<T>,
}

impl<'t, T: Real> Edge<'t, T> {
    pub(super) fn new(tape: &'t Tape<T>) -> Self {
        let (before, after) = (States::new(), States::new());
        Self { tape, before, after, seeds: Vec::new(), state: Vec::new(), unit: Vec::new() }
    }

    /// Begins a block whose gradients are to arrive at `state`.
    pub(super) fn begin(&mut self, state: impl State<'t, T>) {
        self.before = state.parts();
    }

    /// Ends it.
    pub(super) fn end(&mut self, state: impl State<'t, T>) {
        self.after = state.parts();
        let fits = |(seed, part): (&ArrayD<T>, &Var<'t, T>)| *seed.shape() == part.shape()[..];
        if self.seeds.len() != self.after.len() || !self.seeds.iter().zip(&self.after).all(fits) {
            let zeros = |part: &Var<'t, T>| ArrayD::from_elem(IxDyn(&part.shape()), T::ZERO);
            self.seeds = self.after.iter().map(zeros).collect();
            let width = self.seeds.iter().map(ArrayD::len).sum();
            self.unit = vec![T::ZERO; width];
        }
    }

    /// N: how many numbers the state of all rows has.
    pub fn width(&self) -> usize {
        self.unit.len()
    }

    /// vᵀI for every parameter, and [`state`](Edge::state)`(…)` of it vᵀJ: one sweep, with v `[N]`.
    ///
    /// # Errors
    /// When the tape refuses, or v has another length.
    pub fn pull(&mut self, v: &[T]) -> Result<Gradients<T>> {
        let mut rest = v.iter().copied();
        for seed in &mut self.seeds {
            seed.iter_mut().zip(&mut rest).for_each(|(seed, v)| *seed = v);
        }
        let seeds: SmallVec<[_; 8]> = self.after.iter().copied().zip(&self.seeds).collect();
        Ok(self.tape.try_backward_from(&seeds)?)
    }

    /// Row `k` of I, as the gradients of the parameters, and of J, as [`state`](Edge::state).
    ///
    /// # Errors
    /// When the tape refuses.
    pub fn row(&mut self, k: usize) -> Result<Gradients<T>> {
        let mut unit = std::mem::take(&mut self.unit);
        unit[k] = T::ONE;
        let row = self.pull(&unit);
        unit[k] = T::ZERO;
        self.unit = unit;
        row
    }

    /// What of a sweep has arrived at the state with which the block began, `[N]`. Nothing in the first block of a run,
    /// which begins where the tape does.
    ///
    /// # Errors
    /// When the sweep was of another tape.
    pub fn state(&mut self, gradients: &Gradients<T>) -> Result<&[T]> {
        self.state.clear();
        for &part in &self.before {
            self.state.extend(gradients.get(part)?.iter().copied());
        }
        Ok(&self.state)
    }
}

/// The elements of a gradient, which is always in the standard layout.
pub(super) fn elements<T: Real>(gradients: &mut Gradients<T>, id: ParamId) -> &mut [T] {
    gradients.param_mut(id).and_then(|g| g.as_slice_mut()).unwrap_or_default()
}

/// The parameters that a sweep has reached: those on which the state depends.
pub(super) fn reached<T: Real>(
    gradients: &Gradients<T>,
) -> impl Iterator<Item = (ParamId, &ArrayD<T>)> {
    gradients.params().filter(|(id, _)| !gradients.is_unused(*id))
}
