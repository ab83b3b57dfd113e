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
//! As it is usually printed, for `n` pairs `aₜ, yₜ` and with `x` for the state, it slips four times:
//!
//! | printed | here |
//! |---|---|
//! | the error is that of `y[t + k]`, after `a[t + k − 1]` has been read | the loss of the last step of the window, `t + k − 1`: with `y[t]` the output at time `t`, the other is off by one (or predicts the next step, which then should be said) |
//! | `t` runs to `n − k` and with it `y[t + k]` to `y[n]`, which is not there | to `n − k`, where the last window ends with the last pair |
//! | the error, target − prediction, is swept back and descended along | it is minus the derivative of ½ (prediction − target)²: what is swept is the derivative of a loss, and `update` descends |
//! | only the last output of a window is learned from, so the first `k − 1` of the sequence never are | the same, and said: [`Window`](super::Window) `{ k1: 1, k2: k }` does without the gap |
//!
//! The state is stepped on with the parameters just updated, and the window is made anew with them: `k + 1` steps forward for every
//! input where a window of stride 1 makes one. That buys fresh parameters in every step of the window. With fixed
//! parameters the gradient at step `t` is that of [`Window`](super::Window) `{ k1: 1, k2: k }` (BPTT(h; 1) of Williams &
//! Peng, 1990). [`Updates::Recompute`](super::Updates) is the same for any stride, the first losses included.

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
        let state = cell.step(p, crate::unroll::step(x, 0), state);
        tape.let_go(x);
        state
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
