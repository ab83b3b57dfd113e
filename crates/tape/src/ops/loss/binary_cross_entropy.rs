//! `y = −t ln p − (1 − t) ln(1 − p)`, how surprising a yes or no is to a probability.
//!
//! ```text
//! p̄ += ȳ ⊙ (p − t) ⊘ p (1 − p)        t̄ += ȳ ⊙ (ln(1 − p) − ln p)
//! ```
//!
//! No logarithm is taken below −100 and no `p (1 − p)` below 10⁻¹² (as PyTorch, whose 10⁻¹² is a single-precision
//! number), so that a sure mistake costs 100 and not ∞. From scores rather than probabilities, the [logit
//! form](super::binary_cross_entropy_with_logits) needs neither.

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct BinaryCrossEntropy;

fn ln_p<T: Real>(p: T) -> T {
    p.ln().max(T::of(-100.0))
}

fn ln_not_p<T: Real>(p: T) -> T {
    (-p).ln_1p().max(T::of(-100.0))
}

impl<T: Real> Binary<T> for BinaryCrossEntropy {
    fn f(&self, p: T, t: T) -> T {
        (t - T::ONE) * ln_not_p(p) - t * ln_p(p)
    }
    fn da(&self, p: T, t: T, _: T, dy: T) -> T {
        dy * (p - t) / (p * (T::ONE - p)).max(T::of(1e-12_f32.into()))
    }
    fn db(&self, p: T, _: T, _: T, dy: T) -> T {
        dy * (ln_not_p(p) - ln_p(p))
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `−t ln p − (1 − t) ln(1 − p)` of probabilities `p`, element by element, stretched to meet the targets.
    #[track_caller]
    pub fn binary_cross_entropy(self, target: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(BinaryCrossEntropy), &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (p, t) = (arr1(&[0.3, 0.9, 0.5]), arr1(&[1.0, 0.0, 0.4]));
    crate::gradcheck::op(Broadcast(BinaryCrossEntropy), &[p.into_dyn(), t.into_dyn()]).assert();
}

#[test]
fn a_sure_mistake_costs_a_hundred() {
    let steep = 1.0 / f64::from(1e-12_f32);
    let rows = [
        ((0.0, 0.0), 0.0, (0.0, 100.0)),
        ((1.0, 0.0), 100.0, (steep, -100.0)),
        ((0.0, 1.0), 100.0, (-steep, 100.0)),
        ((0.5, 1.0), std::f64::consts::LN_2, (-2.0, 0.0)),
    ];
    crate::known::partials(BinaryCrossEntropy, &rows);
}
