//! `y = x − tanh x`, what a squash takes away.
//!
//! ```text
//! x̄ += ȳ ⊙ tanh² x
//! ```
//!
//! Near 0, where it is `x³/3`, the difference cancels: its error is one of `|x|` ε.

use crate::{Elementwise, Map, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Tanhshrink;

impl<T: Real> Elementwise<T> for Tanhshrink {
    #[inline(always)]
    fn f(&self, x: T) -> T {
        x - x.tanh()
    }
    #[inline(always)]
    fn df(&self, x: T, _: T) -> T {
        let t = x.tanh();
        t * t
    }
}

impl<T: Real> Var<'_, T> {
    /// `x − tanh x`, element by element.
    #[track_caller]
    pub fn tanhshrink(self) -> Self {
        self.apply(Map(Tanhshrink))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr1(&[-1.5, -0.2, 0.3, 0.7]).into_dyn();
    crate::gradcheck::op(Map(Tanhshrink), &[x]).assert();
}

#[test]
fn values_and_slopes_are_the_known_ones() {
    crate::known::slopes(
        Tanhshrink,
        &[
            (-1.0, -0.23840584404423512, 0.580025658385974),
            (0.0, 0.0, 0.0),
            (1.0, 0.23840584404423512, 0.580025658385974),
            (20.0, 19.0, 1.0),
            (1000.0, 999.0, 1.0),
            (-1e300, -1e300, 1.0),
            (f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0),
        ],
    );
}
