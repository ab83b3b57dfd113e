//! `y = ln(eᵃ + eᵇ)`, the sum of two numbers known by their logarithms.
//!
//! ```text
//! ā += ȳ ⊙ σ(a − b)        b̄ += ȳ ⊙ σ(b − a)
//! ```
//!
//! The greater is taken out first, so that nothing overflows. `−∞`, the logarithm of 0, adds nothing; of two equal
//! infinities the value is that infinity and the slope NaN (as PyTorch; JAX has 1 for two `+∞`).

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Logaddexp;

impl<T: Real> Binary<T> for Logaddexp {
    fn f(&self, a: T, b: T) -> T {
        if a == b && !a.is_finite() {
            return a;
        }
        let (most, less) = if a < b { (b, a) } else { (a, b) };
        most + (less - most).exp().ln_1p()
    }
    fn da(&self, a: T, b: T, _: T, dy: T) -> T {
        dy * (a - b).sigmoid()
    }
    fn db(&self, a: T, b: T, _: T, dy: T) -> T {
        dy * (b - a).sigmoid()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `ln(eᵃ + eᵇ)`, element by element, stretched to meet.
    #[track_caller]
    pub fn logaddexp(self, other: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(Logaddexp), &[self, other])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr2;
    let (a, b) = (arr2(&[[0.3, -1.2, 0.8], [2.0, -0.7, 1.1]]), arr2(&[[2.0], [-0.7]]));
    crate::gradcheck::op(Broadcast(Logaddexp), &[a.into_dyn(), b.into_dyn()]).assert();
}

#[test]
fn the_far_and_the_infinite_are_the_known_ones() {
    let (nan, inf, ln_2) = (f64::NAN, f64::INFINITY, std::f64::consts::LN_2);
    let rows = [
        ((1e3, 1e3), 1e3 + ln_2, (0.5, 0.5)),
        ((-1e308, 1e308), 1e308, (0.0, 1.0)),
        ((-inf, 0.0), 0.0, (0.0, 1.0)),
        ((inf, 0.0), inf, (1.0, 0.0)),
        ((-inf, -inf), -inf, (nan, nan)),
        ((inf, inf), inf, (nan, nan)),
        ((0.0, nan), nan, (nan, nan)),
    ];
    crate::known::partials(Logaddexp, &rows);
}
