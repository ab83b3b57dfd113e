//! `y = t (ln t − x)`, with `x = ln q`: what coding by `q` costs where `t` is true.
//!
//! ```text
//! x̄ −= ȳ ⊙ t        t̄ += ȳ ⊙ (ln t + 1 − x)
//! ```
//!
//! Summed over a distribution it is the divergence of S. Kullback and R. A. Leibler (1951), in nats. Where `t = 0` the
//! value is 0, even against `x = −∞`, and the slope for `t` is −∞. A negative `t` gives NaN.

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct KlDivergence;

impl<T: Real> Binary<T> for KlDivergence {
    fn f(&self, x: T, t: T) -> T {
        if t == T::ZERO { T::ZERO } else { t * (t.ln() - x) }
    }
    fn da(&self, _: T, t: T, _: T, dy: T) -> T {
        -dy * t
    }
    fn db(&self, x: T, t: T, _: T, dy: T) -> T {
        dy * (t.ln() + T::ONE - x)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `t (ln t − x)` of logarithms `x` and probabilities `t`, element by element, stretched to meet.
    #[track_caller]
    pub fn kl_divergence(self, target: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(KlDivergence), &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (x, t) = (arr1(&[-0.3, -2.2, -4.0]), arr1(&[0.5, 0.4, 0.1]));
    crate::gradcheck::op(Broadcast(KlDivergence), &[x.into_dyn(), t.into_dyn()]).assert();
}

#[test]
fn what_is_never_true_costs_nothing() {
    let inf = f64::INFINITY;
    let rows = [
        ((-1.0, 0.0), 0.0, (0.0, -inf)),
        ((-1.0, 1.0), 1.0, (-1.0, 2.0)),
        ((-inf, 0.5), inf, (-0.5, inf)),
    ];
    crate::known::partials(KlDivergence, &rows);
    assert_eq!(KlDivergence.f(-inf, 0.0), 0.0);
}
