//! `y = ½ d²/β` for an error `d = o − t` within `±β`, `|d| − ½ β` beyond: [`huber`](super::huber) over β.
//!
//! ```text
//! ō += ȳ ⊙ min(max(d/β, −1), 1)        t̄ −= the same
//! ```
//!
//! `β = 0` is [`l1`](super::l1), with slope 0 at 0. (R. Girshick, 2015, with β = 1.)

use crate::{Binary, Broadcast, Real, Var, ops::arithmetic::abs::slope};

/// See the [module](self). Holds β ≥ 0.
#[derive(Debug, Clone, Copy)]
pub struct SmoothL1<T>(pub T);

impl<T: Real> SmoothL1<T> {
    fn slope(&self, d: T) -> T {
        if d.abs() < self.0 { d / self.0 } else { slope(d) }
    }
}

impl<T: Real> Binary<T> for SmoothL1<T> {
    fn f(&self, o: T, t: T) -> T {
        let (size, half) = ((o - t).abs(), T::of(0.5));
        if size < self.0 { half * size * size / self.0 } else { size - half * self.0 }
    }
    fn da(&self, o: T, t: T, _: T, dy: T) -> T {
        dy * self.slope(o - t)
    }
    fn db(&self, o: T, t: T, _: T, dy: T) -> T {
        dy * self.slope(t - o)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `½ (o − t)²/β` where `|o − t| < β`, `|o − t| − ½ β` elsewhere, stretched to meet the targets.
    #[track_caller]
    pub fn smooth_l1(self, target: Var<'t, T>, beta: T) -> Self {
        self.tape().apply(Broadcast(SmoothL1(beta)), &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (o, t) = (arr1(&[0.3, -2.2, 4.0]), arr1(&[0.5, -0.4, 0.0]));
    crate::gradcheck::op(Broadcast(SmoothL1(1.5)), &[o.into_dyn(), t.into_dyn()]).assert();
}

#[test]
fn both_sides_meet_at_beta_and_none_is_the_absolute_error() {
    let rows = [((2.0, 0.0), 1.0, (1.0, -1.0)), ((-1e300, 0.0), 1e300, (-1.0, 1.0))];
    crate::known::partials(SmoothL1(2.0), &rows);
    let rows = [((0.0, 0.0), 0.0, (0.0, 0.0)), ((-3.0, 0.0), 3.0, (-1.0, 1.0))];
    crate::known::partials(SmoothL1(0.0), &rows);
}
