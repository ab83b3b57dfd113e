//! One recurrence to a file. To add one, add a file and a line here; give it a twin in
//! [`by_hand`](crate::by_hand).
//!
//! | cell                                  | state    | in short                                            |
//! |---------------------------------------|----------|-----------------------------------------------------|
//! | [`Elman`](elman::Elman)               | `h`      | `h′ = f(x W + h U + b)`                             |
//! | [`Jordan`](jordan::Jordan)            | `y`      | the output is fed back, or the target in its place  |
//! | [`Lstm`](lstm::Lstm)                  | `h`, `c` | `c′ = f ⊙ c + i ⊙ g`, `h′ = o ⊙ tanh c′`            |
//! | [`Gru`](gru::Gru)                     | `h`      | `h′ = (1 − z) ⊙ n + z ⊙ h`                          |
//! | [`Mgu`](mgu::Mgu)                     | `h`      | `h′ = (1 − f) ⊙ h + f ⊙ n`                          |
//! | [`IndRnn`](indrnn::IndRnn)            | `h`      | `h′ = f(x W + u ⊙ h + b)`                           |
//! | [`Diagonal`](diagonal::Diagonal)      | `h`      | `h′ = a ⊙ h + x W + b`                              |
//!
//! Row vectors throughout: a batch is `[B, X]`, a weight `[X, H]`. Where a cell has several gates, their weights stand
//! side by side, `[X, G·H]`, in the order in which the cell's own page names them.

pub mod diagonal;
pub mod elman;
pub mod gru;
pub mod indrnn;
pub mod jordan;
pub mod lstm;
pub mod mgu;

use crate::init::Init;
use ndarray::{ArrayD, Axis, IxDyn};
use rand::Rng;
use tape::Real;

/// The weights of several gates side by side on the last axis, each drawn by itself: `[.., width]` each.
fn side_by_side<T: Real>(
    gates: usize,
    each: &[usize],
    init: &impl Init,
    rng: &mut impl Rng,
) -> ArrayD<T> {
    let last = each.len() - 1;
    let mut shape = each.to_vec();
    shape[last] *= gates;
    let mut all = ArrayD::from_elem(IxDyn(&shape), T::ZERO);
    for mut gate in all.axis_chunks_iter_mut(Axis(last), each[last].max(1)) {
        gate.assign(&init.sample(each, rng));
    }
    all
}
