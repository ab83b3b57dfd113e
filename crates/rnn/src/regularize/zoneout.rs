//! Units that skip a step: D. Krueger et al., *Zoneout*, 2016.
//!
//! ```text
//! s′ = m ⊙ sₜ + (1 − m) ⊙ sₜ₋₁          in training: m = 0 with probability z, a mask for each step
//! s′ = (1 − z) sₜ + z sₜ₋₁              else: what is to be expected
//! ```

use super::stream;
use crate::{Bound, Cell, Input, State, Widths, rows};
use tape::{Real, Var};

/// A cell whose units now and then keep the value that they had. See the module.
#[derive(Debug, Clone, Copy)]
pub struct Zoneout<C> {
    /// The cell.
    pub cell: C,
    /// `z` for the first part of the state, within `0..=1`.
    pub h: f64,
    /// `z` for the others.
    pub c: f64,
    /// Which use in the model: each has its own.
    pub key: u64,
}

impl<C> Zoneout<C> {
    #[track_caller]
    fn mix<'t, T: Real, S: State<'t, T>>(&self, p: Bound<'t, '_, T>, before: S, after: S) -> S {
        let mut part = 0;
        after.zip(before, &mut |after, before| {
            let rate = if part == 0 { self.h } else { self.c };
            part += 1;
            if rate == 0.0 {
                return after;
            }
            let Some(seed) = p.seed() else {
                return after * T::of(1.0 - rate) + before * T::of(rate);
            };
            let ones = p.tape().constant(T::ONE).broadcast_to(after.shape());
            let stays = ones.dropout(rate, stream(seed, self.key, part), p.time() as u64);
            rows::choose(stays, after, before)
        })
    }
}

impl<T: Real, C: Cell<T>> Cell<T> for Zoneout<C> {
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
        self.cell.project(p, x)
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        self.mix(p, state, self.cell.step(p, x, state))
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.mix(p, state, self.cell.step_in_parts(p, x, state, show))
    }
}
