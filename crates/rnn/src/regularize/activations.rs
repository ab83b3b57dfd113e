//! Small states, and slow ones.
//!
//! ```text
//! AR  = α mean hₜ²                 over all steps, rows and units
//! TAR = β mean (hₜ₊₁ − hₜ)²        over all pairs of neighbours, rows and units
//! ```
//!
//! S. Merity, B. McCann and R. Socher, 2017, for language models, with α = 2 (on outputs after dropout) and β = 1 (on outputs
//! before it). With a `ReLU` and `β` alone this is close to keeping the norm of the state stable (D. Krueger and R. Memisevic, 2016).

use tape::{Real, Var};

/// `mean h²` of outputs `[T, B, H]`, a number to be scaled by α and added to the loss.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let outputs = tape.leaf(ndarray::array![[[1.0, 3.0]], [[0.0, 2.0]]]);
/// assert_eq!(rnn::regularize::activation(outputs).item(), 14.0 / 4.0);
/// assert_eq!(rnn::regularize::temporal_activation(outputs).item(), (1.0 + 1.0) / 2.0);
/// ```
#[track_caller]
pub fn activation<T: Real>(outputs: Var<'_, T>) -> Var<'_, T> {
    outputs.square().mean()
}

/// `mean (hₜ₊₁ − hₜ)²` of outputs `[T, B, H]`, a number to be scaled by β and added to the loss; 0 for a single step.
///
/// # Panics
/// When there is no step.
#[track_caller]
pub fn temporal_activation<T: Real>(outputs: Var<'_, T>) -> Var<'_, T> {
    let steps = outputs.shape()[0];
    assert!(steps > 0, "temporal activation of no step: outputs are [T, B, H] with T ≥ 1");
    if steps == 1 {
        return (outputs.detach() * T::ZERO).sum();
    }
    (outputs.slice(0, 1..steps) - outputs.slice(0, 0..steps - 1)).square().mean()
}
