//! `y = a ⊙ b`, the gate.
//!
//! ```text
//! ā += ȳ ⊙ b        b̄ += ȳ ⊙ a
//! ```

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Mul;

impl<T: Real> Binary<T> for Mul {
    fn f(&self, a: T, b: T) -> T {
        a * b
    }
    fn da(&self, _: T, b: T, _: T, dy: T) -> T {
        dy * b
    }
    fn db(&self, a: T, _: T, _: T, dy: T) -> T {
        dy * a
    }
}

operator!(Mul, mul, Broadcast(Mul));

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr2;
    let (a, b) = (arr2(&[[0.3, -1.2, 0.8], [2.0, -0.5, 1.1]]), arr2(&[[2.0], [-0.7]]));
    crate::gradcheck::op(Broadcast(Mul), &[a.into_dyn(), b.into_dyn()]).assert();
}
