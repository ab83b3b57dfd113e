//! Every state and every gate at every step, kept.

use crate::{Bound, Cell, Sequence, State, States, projected::Projected};
use smallvec::SmallVec;
use tape::{Real, Var};

/// What a cell has been through. The variables are on the tape like any others: read their values, or
/// [watch](Var::watch) them and read their gradients.
///
/// ```
/// use rnn::{Cell, Elman, Input, ParamStore, Trajectory, init::Uniform};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut store = ParamStore::<f64>::new();
/// let cell = Elman::new(&mut store, "rnn", (2, 8), &Uniform::recurrent(8), &mut rng)?;
/// let tape = tape::Tape::new();
/// let xs = Input::Dense(tape.constant(ndarray::Array3::from_elem((5, 3, 2), 0.1)));
/// let seen = Trajectory::record(&cell, store.bind(&tape), &(&xs).into(), cell.zeros(&tape, 3));
/// assert_eq!(seen.state(4)[0].shape()[..], [3, 8]);
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Trajectory<'t, T: Real> {
    steps: Vec<Step<'t, T>>,
}

#[derive(Debug, Clone)]
struct Step<'t, T: Real> {
    state: States<'t, T>,
    gates: SmallVec<[(&'static str, Var<'t, T>); 4]>,
}

impl<'t, T: Real> Trajectory<'t, T> {
    /// Makes every step of `xs` from the state `start`, in parts ([`Cell::step_in_parts`]).
    #[track_caller]
    pub fn record<C: Cell<T>>(
        cell: &C,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: C::State<'t>,
    ) -> Self {
        let first = xs.order().next().unwrap_or(0);
        let mut projected = Projected::new(cell, p, xs.input().clone(), first);
        let (mut state, mut steps) = (start, Vec::with_capacity(xs.steps()));
        for t in xs.order() {
            let mut gates = SmallVec::new();
            let mut show = |name, gate| gates.push((name, gate));
            state = xs.step(t, state, |state| {
                let p = p.at(p.time() + t);
                cell.step_in_parts(p, projected.step(t), state, &mut show)
            });
            steps.push(Step { state: state.parts(), gates });
        }
        xs.into_time(&mut steps);
        Self { steps }
    }

    /// T
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Were there no steps?
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The parts of the state after step `t`.
    ///
    /// # Panics
    /// When there is no such step.
    #[track_caller]
    pub fn state(&self, t: usize) -> &[Var<'t, T>] {
        &self.steps[t].state
    }

    /// The gates of step `t` by the names that the cell gives them, in the order of their making. Rows that
    /// have ended have gates, but to no effect; a step at which all have ended has none.
    ///
    /// # Panics
    /// When there is no such step.
    #[track_caller]
    pub fn gates(&self, t: usize) -> &[(&'static str, Var<'t, T>)] {
        &self.steps[t].gates
    }

    /// The first gate of step `t` that is called `name`.
    ///
    /// # Panics
    /// When there is no such step.
    #[track_caller]
    pub fn gate(&self, t: usize, name: &str) -> Option<Var<'t, T>> {
        self.gates(t).iter().find(|(of, _)| *of == name).map(|(_, gate)| *gate)
    }
}
