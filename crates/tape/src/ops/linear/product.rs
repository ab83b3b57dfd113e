//! One product of two matrices on the tape's packing memory.

use crate::{Adjoint, Inputs, Real, kernel::Matrix};

/// `c = a b`, or `c += a b`.
pub(super) fn product<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    add: bool,
) {
    T::gemm(&mut x.scratch().borrow_mut(), a, b, c, add);
}

/// `x̄ += a b`
pub(super) fn add_product<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut dx: Adjoint<'_, T>,
) {
    let (dx, fresh) = dx.parts();
    product(x, a, b, dx, !fresh);
}
