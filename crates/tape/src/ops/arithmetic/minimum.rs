//! `y = min(a, b)`, the lesser of two.
//!
//! ```text
//! ā += ȳ ⊙ [a < b]        b̄ += ȳ ⊙ [b < a]        half to either where they are equal
//! ```
//!
//! NaN if either is, with no slope for both (as JAX; PyTorch gives the whole adjoint to both).

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Minimum;

/// `ȳ` for the lesser one, half of it for one of two equals.
fn share<T: Real>(this: T, other: T, dy: T) -> T {
    let equal = if this == other { T::of(0.5) * dy } else { T::ZERO };
    if this < other { dy } else { equal }
}

impl<T: Real> Binary<T> for Minimum {
    fn f(&self, a: T, b: T) -> T {
        a.min(b)
    }
    fn da(&self, a: T, b: T, _: T, dy: T) -> T {
        share(a, b, dy)
    }
    fn db(&self, a: T, b: T, _: T, dy: T) -> T {
        share(b, a, dy)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The lesser of `self` and `other`, element by element, stretched to meet; equals share the adjoint.
    #[track_caller]
    pub fn minimum(self, other: Var<'t, T>) -> Self {
        self.tape().apply(Broadcast(Minimum), &[self, other])
    }
}

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr2;
    let (a, b) = (arr2(&[[0.3, -1.2, 0.8], [2.0, -0.5, 1.1]]), arr2(&[[0.5], [-0.7]]));
    crate::gradcheck::op(Broadcast(Minimum), &[a.into_dyn(), b.into_dyn()]).assert();
}

#[test]
fn equals_share_and_nan_spreads() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let rows = [
        ((1.0, 1.0), 1.0, (0.5, 0.5)),
        ((inf, inf), inf, (0.5, 0.5)),
        ((0.0, -0.0), 0.0, (0.5, 0.5)),
        ((2.0, 1.0), 1.0, (0.0, 1.0)),
        ((nan, 1.0), nan, (0.0, 0.0)),
        ((1.0, nan), nan, (0.0, 0.0)),
    ];
    crate::known::partials(Minimum, &rows);
}
