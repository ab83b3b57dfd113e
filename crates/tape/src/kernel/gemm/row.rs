//! The least of products: one row of few columns, `c = a B`.
//!
//! Its sums are a vector or a few, and its arithmetic takes as long as a call. So it is told apart before anything is prepared
//! for the others, and goes down `B` in one loop. It is the step of a small network with a batch of one.

use super::{
    lanes::Lanes,
    micro::{PANEL, Panels},
    product::{Right, at_hand},
};
use crate::kernel::Matrix;
use pulp::{Simd, WithSimd};

/// Steps of `k`, at most: the others are worth more preparation.
const DEPTH: usize = 128;
/// Panels of `B`, at most: they are passed one after the other, where others go side by side.
const PANELS: usize = 2;

/// See the [module](self). What it was not made for it leaves alone, and says so.
pub(super) struct Row<'a, T> {
    pub(super) a: &'a [T],
    pub(super) b: &'a Right<'a, T>,
    pub(super) c: &'a mut [T],
    /// What the sums begin with, if not with what `c` holds or with zero.
    pub(super) from: Option<&'a [T]>,
    pub(super) add: bool,
}

impl<'a, T: Lanes> Row<'a, T> {
    /// If `a` is one, and a short one.
    #[inline(always)]
    pub(super) fn of(a: Matrix<'a, T>) -> Option<&'a [T]> {
        (a.rows == 1 && a.col_stride == 1 && (1..=DEPTH).contains(&a.cols))
            .then(|| &a.data[..a.cols])
    }
}

impl<T: Lanes> WithSimd for Row<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Row { a, b, c, from, add } = self;
        let (lanes, width) = (T::lanes::<S>(), PANEL * T::lanes::<S>());
        let few = c.len() == lanes || c.len() % width == 0 && c.len() <= PANELS * width;
        let (true, Some(mut b)) = (few, at_hand::<S, T>(b, a.len(), c.len())) else { return false };
        if c.len() == lanes {
            down::<S, T, 1>(simd, a, b, c, from, add);
            return true;
        }
        for (p, c) in c.chunks_exact_mut(width).enumerate() {
            let from = from.map(|from| &from[p * width..]);
            down::<S, T, PANEL>(simd, a, b, c, from, add);
            // Without the panic that [`Panels::skip`] would bring into this loop: it is felt in the least of them.
            b = Panels { data: b.data.get(b.panel..).unwrap_or_default(), ..b };
        }
        true
    }
}

/// One panel of `V` vectors.
#[inline(always)]
fn down<S: Simd, T: Lanes, const V: usize>(
    simd: S,
    a: &[T],
    b: Panels<'_, T>,
    c: &mut [T],
    from: Option<&[T]>,
    add: bool,
) {
    let mut sums = [T::splat(simd, T::ZERO); V];
    if let Some(from) = if add { Some(&*c) } else { from } {
        for (sum, &x) in sums.iter_mut().zip(T::vectors::<S>(from)) {
            *sum = x;
        }
    }
    let mut step = |a: T, line: &[T]| {
        let a = T::splat(simd, a);
        for (sum, &b) in sums.iter_mut().zip(T::vectors::<S>(line)) {
            *sum = T::fma(simd, a, b, *sum);
        }
    };
    // The last row of `B` may end where the panel does.
    let ([before @ .., last], width) = (a, V * T::lanes::<S>()) else { return };
    let (lines, line) = b.data.split_at(before.len() * b.row);
    for (&a, line) in before.iter().zip(lines.chunks_exact(b.row)) {
        step(a, &line[..width]);
    }
    step(*last, &line[..width]);
    for (c, &sum) in T::vectors_mut::<S>(c).iter_mut().zip(&sums) {
        *c = sum;
    }
}
