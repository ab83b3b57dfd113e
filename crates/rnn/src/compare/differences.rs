//! The gradient that knows nothing but the loss.
//!
//! ```text
//! dL/dθᵢ ≈ (L(θ + h eᵢ) − L(θ − h eᵢ)) / 2h,    h = ε^(1/3) max(1, |θᵢ|)
//! ```
//!
//! Central differences: the error is `h² L‴/6 + ε L/h`, so that about ten digits are right in double precision, and never
//! all. Hold them against a gradient with a tolerance of 1e-8 or so.

use super::Named;
use crate::{ParamStore, Result};

/// The gradient of `loss` by every parameter of the store, two evaluations for each number.
///
/// # Errors
/// What `loss` returns.
pub fn differences(
    store: &ParamStore<f64>,
    mut loss: impl FnMut(&ParamStore<f64>) -> Result<f64>,
) -> Result<Named> {
    let mut moved = store.clone();
    let mut all = Vec::new();
    for (id, name, here) in store.iter() {
        let mut slopes = here.clone();
        for (index, slope) in slopes.indexed_iter_mut() {
            let x = here[&index];
            let h = f64::EPSILON.cbrt() * x.abs().max(1.0);
            let mut at = |x: f64| {
                moved.get_mut(id)[&index] = x;
                loss(&moved)
            };
            *slope = (at(x + h)? - at(x - h)?) / ((x + h) - (x - h));
            moved.get_mut(id)[&index] = x;
        }
        all.push((name.to_owned(), slopes));
    }
    Ok(all)
}
