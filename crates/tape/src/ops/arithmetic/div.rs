//! `y = a ⊘ b`, the ratio.
//!
//! ```text
//! ā += ȳ ⊘ b        b̄ −= ȳ ⊙ y ⊘ b
//! ```

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Div;

impl<T: Real> Binary<T> for Div {
    fn f(&self, a: T, b: T) -> T {
        a / b
    }
    fn da(&self, _: T, b: T, _: T, dy: T) -> T {
        dy / b
    }
    fn db(&self, _: T, b: T, y: T, dy: T) -> T {
        -dy * y / b
    }
}

operator!(Div, div, Broadcast(Div));

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr2;
    let (a, b) = (arr2(&[[0.3, -1.2, 0.8], [2.0, -0.5, 1.1]]), arr2(&[[2.0], [-0.7]]));
    crate::gradcheck::op(Broadcast(Div), &[a.into_dyn(), b.into_dyn()]).assert();
}
