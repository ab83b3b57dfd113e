//! `y = tan x`, in radians.
//!
//! ```text
//! x̄ += ȳ ⊙ (1 + y²)
//! ```
//!
//! NaN at ±∞; no float is a pole.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Tan;

impl<T: Real> Elementwise<T> for Tan {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x.tan()
    }
    #[inline(always)]
    fn df(&self, _: T, y: T) -> T {
        T::ONE + y * y
    }
}

impl<T: Real> Var<'_, T> {
    /// `tan x`, element by element, in radians.
    #[track_caller]
    pub fn tan(self) -> Self {
        self.apply(Map(Tan))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.2, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Tan), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Tan,
        &[
            (-1.0, -1.5574077246549023, 3.4255188208147596),
            (0.0, 0.0, 1.0),
            (3.0, -0.1425465430742778, 1.0203195169424268),
            (1000.0, 1.4703241557027185, 3.1618531228429116),
            (f64::INFINITY, f64::NAN, f64::NAN),
            (f64::NEG_INFINITY, f64::NAN, f64::NAN),
        ],
    );
}
