//! One product of two matrices on the tape's packing memory.

use crate::{
    Adjoint, Inputs, Real,
    kernel::{
        Matrix,
        gemm::{Again, Start},
    },
};

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

/// `c = a b`, or `c += a b`, where `b` may be a parameter that comes `again`.
pub(super) fn weighted<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    (b, again): (Matrix<'_, T>, Option<Again>),
    c: &mut [T],
    add: bool,
) {
    match again {
        Some(again) => T::gemm_again(&mut x.scratch().borrow_mut(), a, (b, again), c, add),
        None => product(x, a, b, c, add),
    }
}

/// `x̄ += a b`, likewise. What stands elsewhere is read by the product itself.
pub(super) fn add_weighted<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: (Matrix<'_, T>, Option<Again>),
    mut dx: Adjoint<'_, T>,
) {
    if let Some(before @ [_, ..]) = dx.fresh {
        dx.fresh = None;
        let from = Start { data: before, row: b.0.cols };
        return T::gemm_from(&mut x.scratch().borrow_mut(), a, b, from, dx.slice);
    }
    let (dx, fresh) = dx.parts();
    weighted(x, a, b, dx, !fresh);
}

/// `sum += Σ rows`, of rows as long as the sum: the gradient of a bias.
pub(in crate::ops) fn add_rows<T: Real>(rows: &[T], sum: &mut [T]) {
    T::vectorize(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(sum.len().max(1)) {
                for (sum, &x) in sum.iter_mut().zip(row) {
                    *sum += x;
                }
            }
        },
    );
}
