//! `y = ½ x (1 + tanh u) = x σ(2u)`, the older approximation of [`gelu`](super::gelu).
//!
//! ```text
//! x̄ += ȳ ⊙ (s + x s (1 − s) 2u′),    s = σ(2u),    u = √(2/π) (x + 0.044715 x³)
//! ```
//!
//! Written with `σ`, which does not cancel far to the left. Where `s (1 − s)` has vanished the slope is `s`, though
//! `u′` may have overflowed; ∞ has slope 1, −∞ the value NaN and slope 0. (D. Hendrycks and K. Gimpel, 2016.)

use crate::{Elementwise, Map, Real, Var};

/// `2 √(2/π)`
const TWICE: f64 = 1.5957691216057308;
const CUBIC: f64 = 0.044715;

/// `σ(2u)`
#[inline(always)]
fn gate<T: Real>(x: T) -> T {
    (T::of(TWICE) * (x + T::of(CUBIC) * x * x * x)).sigmoid()
}

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct GeluTanh;

impl<T: Real> Elementwise<T> for GeluTanh {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x * gate(x)
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        let s = gate(x);
        let bend = s * (T::ONE - s);
        if bend == T::ZERO {
            return s;
        }
        s + x * bend * T::of(TWICE) * (T::ONE + T::of(3.0 * CUBIC) * x * x)
    }
}

impl<T: Real> Var<'_, T> {
    /// `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`, element by element.
    #[track_caller]
    pub fn gelu_tanh(self) -> Self {
        self.apply(Map(GeluTanh))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(GeluTanh), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        GeluTanh,
        &[
            (-10.0, -1.204092348209806e-37, -2.7576380638540315e-36),
            (-1.0, -0.1588080093917233, -0.08296408384578255),
            (0.0, 0.0, 0.5),
            (1.0, 0.8411919906082767, 1.0829640838457826),
            (20.0, 20.0, 1.0),
            (-1000.0, -0.0, 0.0),
            (1e200, 1e200, 1.0),
            (-1e200, -0.0, 0.0),
            (f64::NAN, f64::NAN, f64::NAN),
        ],
    );
}
