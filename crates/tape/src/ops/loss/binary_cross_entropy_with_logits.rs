//! `y = −t ln σ(x) − (1 − t) ln(1 − σ(x))`, how surprising a yes or no is to a score.
//!
//! ```text
//! x̄ += ȳ ⊙ (σ(x) − t)        t̄ −= ȳ ⊙ x
//!
//! y = (1 − t) x + ln(1 + e⁻ˣ)  for x ≥ 0,    −t x + ln(1 + eˣ)  for x < 0
//! ```
//!
//! Nothing overflows, and what is small keeps its digits. Weights are a product with the loss (for yes ≠ no
//! with `1 + (w − 1) t`, if every `t` is 0 or 1). An infinite score that is right gives NaN, as any 0 · ∞.

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct BinaryCrossEntropyWithLogits;

impl<T: Real> Binary<T> for BinaryCrossEntropyWithLogits {
    fn f(&self, x: T, t: T) -> T {
        if x < T::ZERO { x.exp().ln_1p() - t * x } else { (-x).exp().ln_1p() + (T::ONE - t) * x }
    }
    fn da(&self, x: T, t: T, _: T, dy: T) -> T {
        dy * if x < T::ZERO { x.sigmoid() - t } else { (T::ONE - t) - (-x).sigmoid() }
    }
    fn db(&self, x: T, _: T, _: T, dy: T) -> T {
        -dy * x
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `−t ln σ(x) − (1 − t) ln(1 − σ(x))` of scores `x`, element by element, stretched to meet the targets.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits(self, target: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(BinaryCrossEntropyWithLogits), &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (x, t) = (arr1(&[0.3, -2.0, 0.0, 1.5]).into_dyn(), arr1(&[1.0, 0.0, 0.4, 0.7]).into_dyn());
    crate::gradcheck::op(Broadcast(BinaryCrossEntropyWithLogits), &[x, t]).assert();
}

#[test]
fn sure_scores_are_the_known_ones() {
    let rows = [
        ((0.0, 0.0), std::f64::consts::LN_2, (0.5, 0.0)),
        ((1e3, 1.0), 0.0, (0.0, -1e3)),
        ((1e3, 0.0), 1e3, (1.0, -1e3)),
        ((-1e3, 1.0), 1e3, (-1.0, 1e3)),
        ((-1e3, 0.0), 0.0, (0.0, 1e3)),
        ((40.0, 1.0), 4.248354255291589e-18, (-4.248354255291589e-18, -40.0)),
    ];
    crate::known::partials(BinaryCrossEntropyWithLogits, &rows);
}
