//! Mistakes that can be told from the wrong array and the right one alone.
//!
//! ```text
//! transposed     A = Bᵀ
//! scaled         A = c B,  c = ⟨A, B⟩ / ⟨B, B⟩
//! swapped        A = B with two blocks of columns exchanged
//! nothing        A = 0 ≠ B
//! shifted        Aₜ = Bₜ₋₁ or Aₜ = Bₜ₊₁ for every t            (sequences)
//! cut            Aₜ = Bₜ for the last k steps, and 0 before     (sequences)
//! ```

use super::{Cause, inquiry::Apart};
use ndarray::{ArrayD, ArrayViewD, Axis, Slice};

/// The first cause of the [module](self) that explains what is wrong, given what is right.
pub(super) fn suspicion(
    factors: &[(String, f64)],
    gates: &[String],
    array: &Apart<'_>,
) -> Option<Cause> {
    if array.wrong.iter().all(|&x| x == 0.0) {
        return Some(Cause::Nothing); // zero is a multiple of everything
    }
    if array.wrong.ndim() == 2 && array.is(&array.right.t().to_owned()) {
        return Some(Cause::Transposed);
    }
    scaled(factors, array).or_else(|| swapped(gates, array))
}

fn scaled(factors: &[(String, f64)], array: &Apart<'_>) -> Option<Cause> {
    let Apart { wrong, right, tolerance, .. } = array;
    if wrong.shape() != right.shape() {
        return None;
    }
    let dot = |a: &ArrayViewD<'_, f64>| a.iter().zip(right).map(|(a, b)| a * b).sum::<f64>();
    let found = dot(wrong) / dot(right);
    if !found.is_finite() || !array.is(&right.map(|x| found * x)) {
        return None;
    }
    let fitting = factors.iter().filter(|(_, named)| (found / named - 1.0).abs() <= *tolerance);
    let (readings, named): (Vec<_>, Vec<_>) = fitting.cloned().unzip();
    // Of one or two numbers, one is always nearly a multiple of the other.
    let telling = right.iter().filter(|&&x| x != 0.0).count() > 2;
    let factor = named.first().copied().unwrap_or(found);
    (telling || !readings.is_empty()).then_some(Cause::Scaled { factor, readings })
}

fn swapped(gates: &[String], array: &Apart<'_>) -> Option<Cause> {
    let width = array.right.shape().last()? / gates.len().max(1);
    for (j, b) in gates.iter().enumerate() {
        for (i, a) in gates[..j].iter().enumerate() {
            if array.is(&exchanged(&array.right, (i * width, j * width), width)) {
                return Some(Cause::GatesSwapped { gates: [a.clone(), b.clone()] });
            }
        }
    }
    None
}

/// The array with two blocks of its last axis exchanged.
fn exchanged(
    array: &ArrayViewD<'_, f64>,
    (first, second): (usize, usize),
    width: usize,
) -> ArrayD<f64> {
    let last = Axis(array.ndim() - 1);
    let block = |at: usize| Slice::from(at..at + width);
    let mut all = array.to_owned();
    all.slice_axis_mut(last, block(first)).assign(&array.slice_axis(last, block(second)));
    all.slice_axis_mut(last, block(second)).assign(&array.slice_axis(last, block(first)));
    all
}

/// The causes that two sequences show which differ as a whole.
pub(super) fn in_time(
    wrong: &[ArrayViewD<'_, f64>],
    right: &[ArrayViewD<'_, f64>],
    same: impl Fn(&ArrayViewD<'_, f64>, &ArrayViewD<'_, f64>) -> bool,
) -> Option<Cause> {
    if wrong.len() != right.len() || wrong.len() < 3 {
        return None;
    }
    let all = |a: &[ArrayViewD<'_, f64>], b: &[ArrayViewD<'_, f64>]| {
        a.iter().zip(b).all(|(a, b)| same(a, b))
    };
    let n = wrong.len();
    if all(&wrong[1..], &right[..n - 1]) {
        return Some(Cause::OffByOne { what: "the sequence stands one step late" });
    }
    if all(&wrong[..n - 1], &right[1..]) {
        return Some(Cause::OffByOne { what: "the sequence stands one step early" });
    }
    let is_zero = |a: &ArrayViewD<'_, f64>| a.iter().all(|&x| x == 0.0);
    let k = n - wrong.iter().take_while(|a| is_zero(a)).count();
    let cut = (1..n).contains(&k) && all(&wrong[n - k..], &right[n - k..]);
    (cut && !right[..n - k].iter().all(is_zero)).then_some(Cause::Truncated { k, blocks: false })
}
