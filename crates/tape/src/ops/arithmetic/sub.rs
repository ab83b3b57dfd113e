//! `y = a − b`, the difference.
//!
//! ```text
//! ā += ȳ        b̄ −= ȳ
//! ```

use crate::{Binary, Broadcast, Real, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Sub;

impl<T: Real> Binary<T> for Sub {
    fn f(&self, a: T, b: T) -> T {
        a - b
    }
    fn da(&self, _: T, _: T, _: T, dy: T) -> T {
        dy
    }
    fn db(&self, _: T, _: T, _: T, dy: T) -> T {
        -dy
    }
    fn passes(&self, i: usize) -> bool {
        i == 0
    }
}

operator!(Sub, sub, Broadcast(Sub));

#[test]
fn backward_matches_central_differences() {
    use ndarray::arr2;
    let (a, b) = (arr2(&[[0.3, -1.2, 0.8], [2.0, -0.5, 1.1]]), arr2(&[[2.0], [-0.7]]));
    crate::gradcheck::op(Broadcast(Sub), &[a.into_dyn(), b.into_dyn()]).assert();
}
