//! From the outputs of every step to one number.
//!
//! ```text
//! L = Σₜ ρₜ Σ_b β_b ℓₜ,b
//! ```
//!
//! Authors differ in `ρ` (a sum over time, a mean, the last step only) and in `β` (a sum over rows, a mean), and with
//! them gradients differ by factors that matter to learning rates and clipping thresholds. So both are said.

use tape::{Real, Var};

/// How the losses of the steps are weighed: `ρ`.
#[derive(Debug, Clone, Copy)]
pub enum Reduction<'m, T> {
    /// `ρₜ = 1`
    Sum,
    /// `ρₜ = 1/T`
    MeanOverTime,
    /// 1 at the last step, 0 before.
    Last,
    /// `mₜ,b / Σ m` for a mask `[T, B]` of zeros and ones, time-major: the mean over what counts. A mask of
    /// zeros only gives a loss of 0.
    Masked(&'m [T]),
}

/// How the rows of a step are weighed: `β`. A mask takes care of rows as well, so there it has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// `β = 1`
    Sum,
    /// `β = 1/B`
    Mean,
}

/// Of which state an output is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Readout {
    /// `oₜ` reads `hₜ`, which has seen `xₜ` (a Mealy machine).
    #[default]
    After,
    /// `oₜ` reads `hₜ₋₁`, which has not (a Moore machine).
    Before,
}

/// `L` for `ℓ = −ln softmax(o)[c]` in nats: scores `[T, B, C]`, classes `[T, B]` time-major.
///
/// For scores that nobody reads there is [`Linear::cross_entropy`](crate::Linear::cross_entropy).
///
/// # Panics
/// When the shapes do not fit, or a class is out of range.
#[track_caller]
pub fn cross_entropy<'t, T: Real>(
    scores: Var<'t, T>,
    classes: &[usize],
    reduction: Reduction<'_, T>,
    rows: Rows,
) -> Var<'t, T> {
    surprise(scores, classes, reduction, rows, |scores, classes, weights| match weights {
        Some(weights) => scores.cross_entropy_weighted(classes, weights),
        None => scores.cross_entropy(classes),
    })
}

/// [`cross_entropy`] of something of which `sum` finds the losses of all rows, with weights or without.
#[track_caller]
pub(crate) fn surprise<'t, T: Real>(
    x: Var<'t, T>,
    classes: &[usize],
    reduction: Reduction<'_, T>,
    rows: Rows,
    sum: impl FnOnce(Var<'t, T>, &[usize], Option<Var<'t, T>>) -> Var<'t, T>,
) -> Var<'t, T> {
    if let Reduction::Masked(mask) = reduction {
        let weights = x.tape().constant(mask);
        return sum(x, classes, Some(weights)) / counted(mask);
    }
    let (steps, batch) = time_and_rows(x);
    if let Reduction::Last = reduction {
        let classes = &classes[classes.len().saturating_sub(batch)..];
        return weigh(sum(x.select(0, steps - 1), classes, None), reduction, rows, 1, batch);
    }
    weigh(sum(x, classes, None), reduction, rows, steps, batch)
}

/// `L` for `ℓ = ½ |o − y|²` (or without the half): outputs and targets `[T, B, O]`.
///
/// # Panics
/// When the shapes do not fit.
#[track_caller]
pub fn squared_error<'t, T: Real>(
    outputs: Var<'t, T>,
    targets: Var<'t, T>,
    half: bool,
    reduction: Reduction<'_, T>,
    rows: Rows,
) -> Var<'t, T> {
    let error = |o: Var<'t, T>, y| if half { o.half_squared_error(y) } else { o.squared_error(y) };
    let (steps, batch) = time_and_rows(outputs);
    match reduction {
        Reduction::Masked(mask) => {
            assert!(
                mask.len() == steps * batch,
                "a mask of {} for {steps} steps of {batch} rows: it is [T, B]",
                mask.len()
            );
            // Rows that do not count are left out, not multiplied by 0: what is no number stays unseen.
            let width = outputs.shape()[2];
            let counts: Vec<usize> = (0..mask.len()).filter(|&k| mask[k] != T::ZERO).collect();
            let rows = |x: Var<'t, T>| x.reshape([steps * batch, width]).gather_rows(&counts);
            let (mut outputs, mut targets) = (rows(outputs), rows(targets));
            if counts.iter().any(|&k| mask[k] != T::ONE) {
                let root = ndarray::Array1::from_iter(counts.iter().map(|&k| mask[k].sqrt()));
                let root = outputs.tape().constant(root.insert_axis(ndarray::Axis(1)));
                (outputs, targets) = (outputs * root, targets * root);
            }
            error(outputs, targets) / counted(mask)
        }
        Reduction::Last => {
            let last = |x: Var<'t, T>| x.select(0, steps - 1);
            weigh(error(last(outputs), last(targets)), reduction, rows, 1, batch)
        }
        _ => weigh(error(outputs, targets), reduction, rows, steps, batch),
    }
}

#[track_caller]
fn time_and_rows<T: Real>(outputs: Var<'_, T>) -> (usize, usize) {
    match outputs.shape()[..] {
        [steps, batch, _] => (steps, batch),
        ref other => panic!(
            "a loss over time takes outputs [T, B, O], but these are {other:?}; reshape them"
        ),
    }
}

fn counted<T: Real>(mask: &[T]) -> T {
    let sum: T = mask.iter().copied().sum();
    if sum == T::ZERO { T::ONE } else { sum }
}

fn weigh<'t, T: Real>(
    sum: Var<'t, T>,
    reduction: Reduction<'_, T>,
    rows: Rows,
    steps: usize,
    batch: usize,
) -> Var<'t, T> {
    let mut count = if rows == Rows::Mean { batch } else { 1 };
    if let Reduction::MeanOverTime = reduction {
        count *= steps;
    }
    if count == 1 { sum } else { sum / T::of(count as f64) }
}
