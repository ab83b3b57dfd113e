//! One bias here, two elsewhere.
//!
//! ```text
//!   theirs: b_ih = b, b_hh = −0         ours: b = b_ih + b_hh
//!   and of the candidate of a GRU that resets after, n = tanh(x W + b + r ⊙ (h U + b_n)):
//!   theirs: b_ih = b, b_hh = b_n        ours: b = b_ih, b_n = b_hh
//! ```
//!
//! −0 is the one number that leaves every other as it is, −0 included.

use super::{
    Anatomy,
    exchange::Values,
    gates::{Gate, back, block, there},
};
use crate::ParamStore;
use ndarray::{ArrayD, Axis};
use tape::Real;

/// The number of the candidate among our gates.
const CANDIDATE: usize = 2;

/// Their two biases, the input's first; none if the cell has none.
pub(super) fn split<T: Real>(
    order: &[Gate],
    cell: &Anatomy<T>,
    store: &ParamStore<T>,
) -> Option<[ArrayD<T>; 2]> {
    let input = there(order, store.get(cell.b?));
    let mut recurrent = input.mapv(|_| -T::ZERO);
    if let Some(b_n) = cell.b_n {
        let place = block(&recurrent, order.len(), candidate(order));
        recurrent.slice_axis_mut(Axis(0), place).assign(store.get(b_n));
    }
    Some([input, recurrent])
}

/// Our biases; none if the cell has none.
pub(super) fn sum<T: Real>(
    order: &[Gate],
    cell: &Anatomy<T>,
    input: &ArrayD<T>,
    recurrent: &ArrayD<T>,
) -> Values<T> {
    let Some(b) = cell.b else { return Values::new() };
    let mut sum = input + recurrent;
    let mut values = Values::new();
    if let Some(b_n) = cell.b_n {
        let place = block(&sum, order.len(), candidate(order));
        sum.slice_axis_mut(Axis(0), place).assign(&input.slice_axis(Axis(0), place));
        values.push((b_n, recurrent.slice_axis(Axis(0), place).to_owned()));
    }
    values.push((b, back(order, &sum)));
    values
}

/// Where they have the candidate.
fn candidate(order: &[Gate]) -> usize {
    order.iter().position(|gate| gate.ours == Some(CANDIDATE)).unwrap_or(0)
}
