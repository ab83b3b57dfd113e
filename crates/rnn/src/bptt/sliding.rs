//! The sliding window of the encyclopedias, corrected: unroll `k` steps afresh for every input, and learn from the
//! last.
//!
//! ```text
//! s = s₀
//! for t = 0 … n − k:
//!     h = s, as a constant
//!     for j = 0 … k − 1:  h = F(h, xₜ₊ⱼ)
//!     sweep from the loss of h at step t + k − 1, update the parameters
//!     s = F(s, xₜ)                      with the updated parameters
//! ```
//!
//! It costs `k` steps forward for every input, and buys fresh parameters in every step of the window. The outputs
//! of the first `k − 1` steps are never learned from. With fixed parameters the gradient at step `t` is that of
//! [`Window`](super::Window) `{ k1: 1, k2: k }` (BPTT(h; 1) of Williams & Peng, 1990).

use crate::{Bound, Cell, Error, Input, ParamStore, Result, State};
use tape::{Gradients, Real, Tape, Var};

/// Slides a window of `k` steps over a sequence of `steps`: `input` puts the inputs of step `t` on the tape as
/// `[1, B, X]`, `loss` makes one number of the last output `h [B, H]` and its step, and `update` takes the
/// gradients.
///
/// Returns the sum of the losses and the state before the last window.
///
/// # Errors
/// `k = 0`, a sequence shorter than `k`, a `loss` that is not one number, or what `update` returns.
#[allow(clippy::too_many_arguments)]
pub fn slide<'t, 'd, T: Real, C: Cell<T>>(
    k: usize,
    tape: &'t Tape<T>,
    cell: &C,
    store: &mut ParamStore<T>,
    start: C::State<'t>,
    steps: usize,
    mut input: impl FnMut(Bound<'t, '_, T>, usize) -> Input<'t, 'd, T>,
    mut loss: impl FnMut(Bound<'t, '_, T>, usize, Var<'t, T>) -> Var<'t, T>,
    mut update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
) -> Result<(T, C::State<'t>)> {
    if k == 0 || steps < k {
        return Err(Error::Data {
            what: format!("a sliding window of {k} steps over {steps}"),
            rule: "the window has at least one step, and the sequence at least one window".into(),
            remedy: "choose 1 ≤ k ≤ steps",
        });
    }
    let mut first_step = |p: Bound<'t, '_, T>, t, state| {
        let p = p.at(t);
        let x = cell.project(p, input(p, t));
        cell.step(p, crate::unroll::step(x, 0), state)
    };
    let (mut state, mut total) = (start, T::ZERO);
    for t in 0..=steps - k {
        let past = tape.mark();
        state = state.map(&mut |part| part.detach());
        tape.cut(past);
        let p = store.bind(tape);
        let last = (t..t + k).fold(state, |state, t| first_step(p, t, state));
        let loss = loss(p, t + k - 1, last.output());
        total += loss.item();
        let gradients = tape.try_backward(loss)?;
        update(store, &gradients)?;
        if t + k < steps {
            state = first_step(store.bind(tape), t, state);
        }
    }
    Ok((total, state))
}
