//! `y = ½ d²` for an error `d = o − t` within `±δ`, `δ (|d| − ½ δ)` beyond: squared, but not for outliers.
//!
//! ```text
//! ō += ȳ ⊙ min(max(d, −δ), δ)        t̄ −= the same
//! ```
//!
//! Value and slope are continuous at `±δ`. (P. J. Huber, 1964.)

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self). Holds δ > 0.
#[derive(Debug, Clone, Copy)]
pub struct Huber<T>(pub T);

impl<T: Real> Huber<T> {
    fn slope(&self, d: T) -> T {
        if d > self.0 {
            self.0
        } else if d < -self.0 {
            -self.0
        } else {
            d
        }
    }
}

impl<T: Real> Binary<T> for Huber<T> {
    fn f(&self, o: T, t: T) -> T {
        let (size, half) = ((o - t).abs(), T::of(0.5));
        if size < self.0 { half * size * size } else { self.0 * (size - half * self.0) }
    }
    fn da(&self, o: T, t: T, _: T, dy: T) -> T {
        dy * self.slope(o - t)
    }
    fn db(&self, o: T, t: T, _: T, dy: T) -> T {
        dy * self.slope(t - o)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `½ (o − t)²` where `|o − t| < δ`, `δ (|o − t| − ½ δ)` elsewhere, stretched to meet the targets.
    #[track_caller]
    pub fn huber(self, target: Var<'t, T>, delta: T) -> Self {
        self.tape().apply(Broadcast(Huber(delta)), &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (o, t) = (arr1(&[0.3, -2.2, 4.0]), arr1(&[0.5, -0.4, 0.0]));
    crate::gradcheck::op(Broadcast(Huber(1.5)), &[o.into_dyn(), t.into_dyn()]).assert();
}

#[test]
fn both_sides_meet_at_delta() {
    let rows = [((2.0, 0.0), 2.0, (2.0, -2.0)), ((-1e300, 0.0), 2e300, (-2.0, 2.0))];
    crate::known::partials(Huber(2.0), &rows);
}
