//! Russian roulette on lags: how far back a loss is followed is drawn for each. (A. Beatson and R. Adams, *Efficient
//! optimization of loops and limits with randomized telescoping sums*, 2019.)
//!
//! The gradient of a loss is a sum over lags, dLₜ/dθ = Σₙ Dₙ, where Dₙ is what step t − n + 1 contributes. With
//! N drawn, P(N ≥ n) = Sₙ₋₁,
//!
//! ```text
//! Ĝ = Σₙ≤N Dₙ / P(N ≥ n),        E[Ĝ] = Σₙ Dₙ
//! ```
//!
//! [`Randomized::run`] does the same with draws that neighbouring losses share; here every loss has its own, and so a window
//! of its own, made anew from the state that was kept there.

use super::{Block, Randomized, Truncation, Unrolling};
use crate::{Bound, Cell, ParamStore, Readout, Result, Sequence, State};
use ndarray::ArrayD;
use rand::{Rng, RngExt};
use std::{collections::VecDeque, ops::Range};
use tape::{Gradients, Real, Tape, Var};

impl Randomized {
    /// How many steps the loss of step `t` is followed back, and by what adjoints are multiplied on their way out of each of
    /// these steps, the first one first. `cut` is told a probability and decides. The age of the rule is the lag.
    pub fn lags(&self, t: usize, factors: &mut Vec<f64>, mut cut: impl FnMut(f64) -> bool) {
        factors.clear();
        factors.push(1.0); // out of the first step of the window: nothing, or the initial state
        while factors.len() <= t && factors.len() < self.longest() {
            let c = self.chance(factors.len(), t - factors.len());
            if cut(c) {
                break;
            }
            factors.push(self.weight(c));
        }
        factors[1..].reverse();
    }

    /// Unrolls `cell` over a sequence of `steps` steps, with a sweep and an update for every step, each as far back as `rng`
    /// draws: as [`Truncation::run`]. `start` is asked for the initial state whenever a window begins with it.
    ///
    /// States are kept, as values: all of them, or as many as a [cap](Randomized::capped) allows. With updates between
    /// the sweeps a window is made with the parameters of the moment, from a state that older ones made.
    ///
    /// # Errors
    /// What `update` returns, or a `loss` that is not one number.
    #[allow(clippy::too_many_arguments)]
    pub fn roulette<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        &self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        start: impl FnMut(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        rng: &mut impl Rng,
        inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>)> {
        let cut = |c| rng.random::<f64>() < c;
        self.roulette_by(tape, cell, store, start, steps, readout, cut, inputs, loss, update)
    }

    /// [`roulette`](Randomized::roulette) with draws made elsewhere: `cut` is told a probability and decides.
    ///
    /// # Errors
    /// Those of [`roulette`](Randomized::roulette).
    #[allow(clippy::too_many_arguments)]
    pub fn roulette_by<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        &self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        mut start: impl FnMut(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        mut cut: impl FnMut(f64) -> bool,
        mut inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        mut loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        mut update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>)> {
        let begun = start(store.bind(tape));
        let mut run = Unrolling::new(tape, cell, Truncation::Full, begun).with_readout(readout);
        // The states before the steps … t − 1, t; not the initial one.
        let mut kept: VecDeque<Vec<ArrayD<T>>> = VecDeque::new();
        let (mut total, mut factors) = (T::ZERO, Vec::new());
        for t in 0..steps {
            self.lags(t, &mut factors, &mut cut);
            let (n, p) = (factors.len(), store.bind(tape));
            let state = if n == t + 1 {
                start(p)
            } else {
                let mut parts = kept[kept.len() - n].iter();
                State::build(&mut || {
                    parts.next().map_or_else(|| tape.zeros(&[]), |part| tape.constant(part))
                })
            };
            run.restart(t + 1 - n, state);
            run.reweigh(factors.iter().map(|&k| T::of(k)));
            let Block { outputs, .. } = run.advance(p, inputs(p, t + 1 - n..t + 1));
            let block = Block { outputs: outputs.slice(0, n - 1..n), steps: t..t + 1 };
            let loss = loss(p, block);
            total += loss.item();
            let gradients = run.backward(loss)?;
            kept.push_back(run.state_values());
            if kept.len() > self.longest() {
                kept.pop_front();
            }
            update(store, &gradients)?;
        }
        Ok((total, run.state()))
    }
}
