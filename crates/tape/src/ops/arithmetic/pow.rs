//! `y = aᵇ`, a power of two variables.
//!
//! ```text
//! ā += ȳ ⊙ b aᵇ⁻¹        b̄ += ȳ ⊙ y ln a
//! ```
//!
//! Where `b = 0`, `ā` is 0 even at `a = 0` and NaN; where `a = 0` and `b ≥ 0`, `b̄` is 0 and not `0 · −∞` (as
//! PyTorch). Below 0 only whole exponents have a value, and no exponent has a slope: there `b̄` is NaN.

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Pow;

impl<T: Real> Binary<T> for Pow {
    fn f(&self, a: T, b: T) -> T {
        a.powf(b)
    }
    fn da(&self, a: T, b: T, _: T, dy: T) -> T {
        if b == T::ZERO { T::ZERO } else { dy * (b * a.powf(b - T::ONE)) }
    }
    fn db(&self, a: T, b: T, y: T, dy: T) -> T {
        if a == T::ZERO && b >= T::ZERO { T::ZERO } else { dy * (y * a.ln()) }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `aᵇ`, element by element, stretched to meet; for a plain number `b` see [`powf`](Var::powf).
    #[track_caller]
    pub fn pow(self, exponent: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(Pow), &[self, exponent])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr2;
    let (a, b) = (arr2(&[[0.3, 1.2, 0.8], [2.0, 0.5, 1.1]]), arr2(&[[2.0], [-0.7]]));
    crate::gradcheck::op(Broadcast(Pow), &[a.into_dyn(), b.into_dyn()]).assert();
}

#[test]
fn zero_and_whole_exponents_are_the_known_ones() {
    let (nan, inf, ln_2) = (f64::NAN, f64::INFINITY, std::f64::consts::LN_2);
    let rows = [
        ((2.0, 3.0), 8.0, (12.0, 8.0 * ln_2)),
        ((0.0, 0.0), 1.0, (0.0, 0.0)),
        ((0.0, 0.5), 0.0, (inf, 0.0)),
        ((0.0, -1.0), inf, (-inf, -inf)),
        ((-2.0, 3.0), -8.0, (12.0, nan)),
        ((nan, 0.0), 1.0, (0.0, nan)),
    ];
    crate::known::partials(Pow, &rows);
}
