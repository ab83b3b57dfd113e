//! What a step is told beside its input: parameters, and the time.

use crate::ParamStore;
use tape::{ParamId, Real, Tape, Var};

/// Parameters as seen from one tape: each becomes a leaf when it is first asked for, and stays that leaf.
///
/// With them goes the clock. `p.at(t)` is the same at step `t`, and `p.training(seed)` the same in training: then what
/// acts by chance does, by masks that are functions of the seed, a key and the step, and of nothing else. So a step
/// that is made twice, in a recomputation or on another tape, is the same step. Without `training` nothing
/// happens by chance.
#[derive(Debug)]
pub struct Bound<'t, 's, T: Real> {
    tape: &'t Tape<T>,
    store: &'s ParamStore<T>,
    instead: &'s [(ParamId, Var<'t, T>)],
    seed: Option<u64>,
    time: usize,
}

impl<T: Real> Clone for Bound<'_, '_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Bound<'_, '_, T> {}

impl<'t, 's, T: Real> Bound<'t, 's, T> {
    pub(crate) fn new(tape: &'t Tape<T>, store: &'s ParamStore<T>) -> Self {
        Self { tape, store, instead: &[], seed: None, time: 0 }
    }

    /// The parameter as a variable. Its array is read where it is, not copied.
    ///
    /// # Panics
    /// When `id` is of another store.
    #[track_caller]
    pub fn var(self, id: ParamId) -> Var<'t, T> {
        match self.instead.iter().find(|(of, _)| *of == id) {
            Some((_, var)) => *var,
            None => self.tape.param(self.store.param(id)),
        }
    }

    /// The tape.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The store.
    pub fn store(self) -> &'s ParamStore<T> {
        self.store
    }

    /// The same parameters, but for these: whoever asks for one of them gets the variable beside it. So weights that
    /// are masked, shared or made by another network reach a cell that knows nothing of it.
    ///
    /// What an earlier `instead` said is forgotten.
    #[must_use]
    pub fn instead<'b>(self, vars: &'b [(ParamId, Var<'t, T>)]) -> Bound<'t, 'b, T>
    where
        's: 'b,
    {
        Bound { instead: vars, ..self }
    }

    /// What [`instead`](Bound::instead) said.
    pub(crate) fn replaced(self) -> &'s [(ParamId, Var<'t, T>)] {
        self.instead
    }

    /// The same in training. Give every batch of sequences a seed of its own.
    #[must_use]
    pub fn training(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The same at step `t`, counted from the beginning of the sequence.
    #[must_use]
    pub fn at(self, t: usize) -> Self {
        Self { time: t, ..self }
    }

    /// The step: that of the first input, where there are several.
    pub fn time(self) -> usize {
        self.time
    }

    /// The seed of [`training`](Bound::training), if this is training.
    pub fn seed(self) -> Option<u64> {
        self.seed
    }
}
