//! `y = |o − t|`, the absolute error.
//!
//! ```text
//! ō += ȳ ⊙ sign(o − t)        t̄ −= ȳ ⊙ sign(o − t)
//! ```
//!
//! The kink at `o = t` has slope 0, as that of [`abs`](crate::ops::arithmetic::abs).

use crate::{Binary, Broadcast, Real, Var, ops::arithmetic::abs::slope};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct L1;

impl<T: Real> Binary<T> for L1 {
    fn f(&self, o: T, t: T) -> T {
        (o - t).abs()
    }
    fn da(&self, o: T, t: T, _: T, dy: T) -> T {
        dy * slope(o - t)
    }
    fn db(&self, o: T, t: T, _: T, dy: T) -> T {
        dy * slope(t - o)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `|o − t|`, element by element, stretched to meet the targets; the slope at 0 is 0.
    #[track_caller]
    pub fn l1(self, target: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(L1), &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr1;
    let (o, t) = (arr1(&[0.3, -1.2]), arr1(&[1.0, -1.4]));
    crate::gradcheck::op(Broadcast(L1), &[o.into_dyn(), t.into_dyn()]).assert();
}

#[test]
fn the_kink_has_no_slope() {
    let rows = [((1.0, 1.0), 0.0, (0.0, 0.0)), ((-2.0, 1.0), 3.0, (-1.0, 1.0))];
    crate::known::partials(L1, &rows);
}
