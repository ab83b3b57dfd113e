//! The greatest or the least, and how many share the place.

use crate::{Over, Real};

/// Which end of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extremum {
    Greatest,
    Least,
}

impl Extremum {
    /// Does `a` stand before `b`? NaN stands before everything.
    pub(super) fn prefers<T: Real>(self, a: T, b: T) -> bool {
        let (a, b) = (a.primal(), b.primal());
        let before = if self == Self::Greatest { a > b } else { a < b };
        before || a.is_nan() && !b.is_nan()
    }

    /// Writes the extrema of `x` to `y`, and how many elements attain each; 0 where there are none.
    pub(super) fn find<T: Real>(
        self,
        over: &Over,
        shape: &[usize],
        x: impl Fn(usize) -> T,
        y: &mut [T],
        ties: &mut [T],
    ) {
        ties.fill(T::ZERO);
        over.for_each(shape, |k, j| {
            let x = x(k);
            if ties[j] == T::ZERO || self.prefers(x, y[j]) {
                (y[j], ties[j]) = (x, T::ONE);
            } else if x.primal() == y[j].primal() {
                ties[j] += T::ONE;
            }
        });
    }
}

/// Divides `ȳ` equally among the elements that attain `y` and adds the shares; NaN to all where `y` is NaN.
pub(super) fn share<T: Real>(
    over: &Over,
    shape: &[usize],
    x: impl Fn(usize) -> T,
    (y, ties): (&[T], &[T]),
    dy: &[T],
    mut add: impl FnMut(usize, T),
) {
    over.for_each(shape, |k, j| {
        if x(k).primal() == y[j].primal() {
            add(k, dy[j] / ties[j]);
        } else if y[j].primal().is_nan() {
            add(k, dy[j] * y[j]);
        }
    });
}
