//! `y = eˢ (s − x)`, the [`kl_divergence`](super::kl_divergence) of two distributions given by logarithms.
//!
//! ```text
//! x̄ −= ȳ ⊙ eˢ        s̄ += ȳ ⊙ (y + eˢ)
//! ```
//!
//! Where `eˢ = 0` value and slopes are 0, even against `x = −∞` (where PyTorch has NaN).

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct KlDivergenceLog;

impl<T: Real> Binary<T> for KlDivergenceLog {
    fn f(&self, x: T, s: T) -> T {
        let t = s.exp();
        if t == T::ZERO { T::ZERO } else { t * (s - x) }
    }
    fn da(&self, _: T, s: T, _: T, dy: T) -> T {
        -dy * s.exp()
    }
    fn db(&self, _: T, s: T, y: T, dy: T) -> T {
        dy * (y + s.exp())
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `eˢ (s − x)` of logarithms `x` and `s`, element by element, stretched to meet; `s` is the true one.
    #[track_caller]
    pub fn kl_divergence_log(self, ln_target: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(KlDivergenceLog), &[self, ln_target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (x, s) = (arr1(&[-0.3, -2.2, -4.0]), arr1(&[-0.5, -1.4, 0.0]));
    crate::gradcheck::op(Broadcast(KlDivergenceLog), &[x.into_dyn(), s.into_dyn()]).assert();
}

#[test]
fn what_is_never_true_costs_nothing() {
    let inf = f64::INFINITY;
    let rows = [((-inf, -inf), 0.0, (0.0, 0.0)), ((-3.0, 0.0), 3.0, (-1.0, 4.0))];
    crate::known::partials(KlDivergenceLog, &rows);
}
