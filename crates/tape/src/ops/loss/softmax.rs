//! `y = eˣ / Σ eˣ` along an axis, a distribution.
//!
//! ```text
//! x̄ += y ⊙ (ȳ − ⟨ȳ, y⟩)
//! ```
//!
//! The greatest entry is subtracted first, so that nothing overflows: `−∞` has share 0, `+∞` makes all NaN, as does a
//! row of nothing but `−∞`. (What is called softmin is the softmax of `−x`.)

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var,
    ops::reduction::{
        Axis,
        sum::{add, sum, total},
    },
};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Softmax {
    /// The axis, counted from the front, along which the shares sum to 1.
    pub axis: usize,
}

/// The shape of the one input, which must have the axis.
pub(super) fn along<T: Real>(x: Inputs<'_, T>, axis: usize) -> Result<Shape, Misfit> {
    let [shape] = x.shapes()?;
    Axis::of(shape, axis)?;
    Ok(shape.into())
}

/// The places of each line along an axis, line by line.
pub(super) fn lines(axis: Axis) -> impl Iterator<Item = impl Iterator<Item = usize> + Clone> {
    let Axis { outer, n, inner } = axis;
    let starts = (0..outer).flat_map(move |p| (0..inner).map(move |j| p * n * inner + j));
    starts.map(move |start| (start..).step_by(inner).take(n))
}

/// The greatest entry of a row. Side by side, since one comparison waits for the other; and without a look at NaN, which
/// the sum of exponentials will show in any case.
#[inline(always)] // within what is vectorised
pub(super) fn greatest<T: Real>(row: &[T]) -> T {
    let greater = |max: T, &x: &T| if x > max { x } else { max };
    let mut lanes = [row[0]; 32];
    let chunks = row.chunks_exact(lanes.len());
    let rest = chunks.remainder().iter().fold(row[0], greater);
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = greater(*lane, x);
        }
    }
    lanes.iter().fold(rest, greater)
}

/// Writes `eˣ⁻ᵐ` of a row and returns the sum, `m` being what keeps it from overflowing.
#[inline(always)] // within what is vectorised
pub(super) fn exponentials<T: Real>(x: &[T], m: T, y: &mut [T]) -> T {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - m).exp();
    }
    sum(y)
}

/// [`exponentials`], which take the place of the scores.
#[inline(always)] // within what is vectorised
pub(super) fn become_exponentials<T: Real>(x: &mut [T], m: T) -> T {
    for x in &mut *x {
        *x = (*x - m).exp();
    }
    sum(x)
}

/// What [`exponentials`] returns, without a place for what it writes.
#[inline(always)] // within what is vectorised
pub(super) fn sum_of_exponentials<T: Real>(x: &[T], m: T) -> T {
    let mut lanes = [T::ZERO; 8];
    let mut room = [T::ZERO; 256];
    let whole = x.len() / lanes.len() * lanes.len();
    for x in x[..whole].chunks(room.len()) {
        let room = &mut room[..x.len()];
        for (y, &x) in room.iter_mut().zip(x) {
            *y = (x - m).exp();
        }
        add(room, &mut lanes);
    }
    total(lanes, x[whole..].iter().map(|&x| (x - m).exp()))
}

/// Hands `eˣ⁻ᵐ` of a line to `write`, and returns the greatest `m` and the sum.
pub(super) fn line_exponentials<T: Real>(
    x: &[T],
    mut line: impl Iterator<Item = usize> + Clone,
    mut write: impl FnMut(usize, T),
) -> (T, T) {
    let all = line.clone();
    let first = line.next().map_or(T::ZERO, |k| x[k]);
    let max = line.fold(first, |max, k| max.max(x[k]));
    let mut sum = T::ZERO;
    for k in all {
        let e = (x[k] - max).exp();
        write(k, e);
        sum += e;
    }
    (max, sum)
}

impl<T: Real> Op<T> for Softmax {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        along(x, self.axis)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let Ok(axis @ Axis { n: 1.., .. }) = Axis::of(x.shape(0), self.axis) else { return };
        T::vectorize(
            #[inline(always)]
            || {
                if axis.inner == 1 {
                    for (x, y) in x[0].chunks_exact(axis.n).zip(y.chunks_exact_mut(axis.n)) {
                        let sum = exponentials(x, greatest(x), y);
                        for y in y {
                            *y /= sum;
                        }
                    }
                    return;
                }
                for line in lines(axis) {
                    let (_, sum) = line_exponentials(&x[0], line.clone(), |k, e| y[k] = e);
                    line.for_each(|k| y[k] /= sum);
                }
            },
        );
    }
    fn backward(
        &self,
        _: usize,
        _: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let Ok(axis @ Axis { n: 1.., .. }) = Axis::of(y.shape(), self.axis) else { return };
        let n = axis.n;
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                if axis.inner == 1 {
                    let rows =
                        dx.chunks_exact_mut(n).zip(y.chunks_exact(n)).zip(dy.chunks_exact(n));
                    for ((dx, y), dy) in rows {
                        let dot: T = dy.iter().zip(y).map(|(&dy, &y)| dy * y).sum();
                        for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                            *dx += y * (dy - dot);
                        }
                    }
                    return;
                }
                for line in lines(axis) {
                    let dot: T = line.clone().map(|k| dy[k] * y[k]).sum();
                    line.for_each(|k| dx[k] += y[k] * (dy[k] - dot));
                }
            },
        );
    }
    /// Maximum, subtraction, exponential, sum, division.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        5 * x.value(0).len() as u64
    }
}

impl<T: Real> Var<'_, T> {
    /// `eˣ / Σ eˣ` along the last axis.
    #[track_caller]
    pub fn softmax(self) -> Self {
        self.softmax_axis(-1)
    }

    /// `eˣ / Σ eˣ` along one axis; `-1` is the last, and the fastest.
    #[track_caller]
    pub fn softmax_axis(self, axis: isize) -> Self {
        self.apply(Softmax { axis: self.axis("Softmax", axis) })
    }
}

#[test]
fn backward_matches_central_differences() {
    let x =
        ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| f64::sin((i + 3 * j + 7 * k) as f64));
    for axis in 0..3 {
        crate::gradcheck::op(Softmax { axis }, &[x.clone().into_dyn()]).assert();
    }
}

#[test]
fn every_axis_is_the_last_one_transposed() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(ndarray::Array::from_shape_fn((2, 3, 4), |(i, j, k)| (i * j + 2 * k) as f64));
    for axis in 0..2 {
        let turned = x.transpose(axis, -1).softmax().transpose(axis, -1).value();
        assert!((x.softmax_axis(axis).value() - turned).iter().all(|d| d.abs() < 1e-16));
    }
}

#[test]
fn large_entries_do_not_overflow() {
    let tape = crate::Tape::<f64>::new();
    let y = tape.leaf([1e300, 1e300, -1e300]).softmax();
    assert_eq!(y.value(), ndarray::arr1(&[0.5, 0.5, 0.0]).into_dyn());
}

#[test]
fn a_nan_makes_all_of_its_row_nan_and_no_other() {
    let tape = crate::Tape::<f64>::new();
    for n in [3, 40] {
        for at in 0..n {
            let x = ndarray::Array2::from_shape_fn((2, n), |(i, j)| {
                if (i, j) == (1, at) { f64::NAN } else { j as f64 }
            });
            let x = tape.constant(x);
            for y in [x.softmax(), x.log_softmax()] {
                assert!(y.value().indexed_iter().all(|(k, y)| y.is_nan() == (k[0] == 1)));
            }
            assert!(x.cross_entropy(&[0, 0]).item().is_nan());
        }
    }
}
