//! Arrays and sets of axes that every reduction is tested on.

use ndarray::ArrayD;

/// Shapes, with lengths 0 and 1 among them, and axes to reduce.
pub(crate) const SETS: &[(&[usize], &[isize])] = &[
    (&[5], &[0]),
    (&[3, 4], &[0]),
    (&[3, 4], &[-1]),
    (&[2, 3, 4], &[1]),
    (&[2, 3, 4], &[0, 2]),
    (&[2, 3, 4], &[2, 1]),
    (&[2, 3, 2, 2], &[1, -1]),
    (&[2, 1, 3], &[1]),
    (&[1, 1], &[0, 1]),
    (&[3], &[]),
    (&[], &[]),
    (&[0, 3], &[0]),
    (&[2, 0], &[0]),
];

/// Numbers that are neither equal nor in order.
pub(crate) fn wave(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(shape, || {
        k += 1.0;
        1.5 * f64::sin(k * k)
    })
}

/// Equality under which NaN equals NaN.
pub(crate) fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}
