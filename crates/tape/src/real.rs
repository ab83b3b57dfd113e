//! The numbers a tape can hold.

mod primitive;

use crate::kernel::{
    Matrix, Scratch,
    gemm::{self, Again, RankUpdate, Start},
};
use std::{
    fmt::{Debug, Display},
    iter::Sum,
    ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

/// A real number as the tape knows it: arithmetic, order, and the elementary functions.
///
/// Ops are written once against this trait and nothing in the crate assumes a primitive
/// float, so that a number carrying more than its value can pass through every op.
///
/// Of the elementary functions of `f32` and `f64`, those which recurrent networks live on
/// (`exp`, `expm1`, `ln`, `ln_1p`, `tanh`, `sigmoid`, `erf`) are branch-free polynomials: the
/// same bits alone, in a slice, and in any SIMD lane. The others are the standard library's.
pub trait Real:
    Copy
    + Debug
    + Display
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + 'static
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// The distance from 1 to the next number.
    const EPSILON: f64;

    /// The number nearest to `x`.
    fn of(x: f64) -> Self;
    /// The value alone, without anything that travels with it.
    fn primal(self) -> f64;
    /// `self · a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// `eˣ`
    fn exp(self) -> Self;
    /// `eˣ − 1`, accurate near 0.
    fn expm1(self) -> Self;
    /// `ln x`
    fn ln(self) -> Self;
    /// `ln(1 + x)`, accurate near 0.
    fn ln_1p(self) -> Self;
    /// `√x`
    fn sqrt(self) -> Self;
    /// `x^y = e^(y ln x)`
    fn powf(self, y: Self) -> Self;
    /// `tanh x`
    fn tanh(self) -> Self;
    /// `σ(x) = 1 / (1 + e⁻ˣ)`
    fn sigmoid(self) -> Self;
    /// `sin x`, in radians
    fn sin(self) -> Self;
    /// `cos x`, in radians
    fn cos(self) -> Self;
    /// `arctan x`, in radians
    fn atan(self) -> Self;
    /// `erf x = 2/√π ∫₀ˣ e^(−u²) du`
    fn erf(self) -> Self;

    /// Is the number, with all it carries, neither infinite nor NaN?
    fn is_finite(self) -> bool;

    /// `tan x = sin x / cos x`, in radians
    fn tan(self) -> Self {
        self.sin() / self.cos()
    }
    /// `sinh x = ½ (eˣ − e⁻ˣ)`
    fn sinh(self) -> Self {
        (self.expm1() - (-self).expm1()) * Self::of(0.5)
    }
    /// `cosh x = ½ (eˣ + e⁻ˣ)`
    fn cosh(self) -> Self {
        (self.exp() + (-self).exp()) * Self::of(0.5)
    }
    /// `|x|`
    fn abs(self) -> Self {
        if self < Self::ZERO { -self } else { self }
    }
    /// `sign x`: 1 above 0, −1 below, 0 at 0 (where `signum` of the standard library is ±1).
    fn sign(self) -> Self {
        if self > Self::ZERO {
            Self::ONE
        } else if self < Self::ZERO {
            -Self::ONE
        } else if self.primal().is_nan() {
            self
        } else {
            Self::ZERO
        }
    }
    /// `x⁻¹`
    fn recip(self) -> Self {
        Self::ONE / self
    }
    /// The greater of the two; NaN if either is.
    fn max(self, other: Self) -> Self {
        if self > other || self.primal().is_nan() { self } else { other }
    }
    /// The lesser of the two; NaN if either is.
    fn min(self, other: Self) -> Self {
        if self < other || self.primal().is_nan() { self } else { other }
    }
    /// `ln(1 + eˣ)`, without overflow, and accurate where it is close to 0.
    #[inline(always)]
    fn softplus(self) -> Self {
        // Not `|x|`: one branch for both, so that what travels with a number bends at 0 as little as the sum.
        let (size, bulk) = if self < Self::ZERO { (-self, Self::ZERO) } else { (self, self) };
        bulk + (-size).exp().ln_1p()
    }

    /// The number, or 0 where it is so small that floats hold it with fewer digits than others, and reckon with it
    /// a hundred times slower: see [`kernel::flush`](crate::kernel::flush).
    #[inline(always)]
    fn flushed(self) -> Self {
        self
    }

    /// Runs `body` compiled for the widest SIMD instructions that this machine has: `body`, and what it calls, as
    /// far as it is inlined. A closure says `#[inline(always)]`, or the compiler may leave it behind.
    fn vectorize<R>(body: impl FnOnce() -> R) -> R {
        body()
    }

    /// `C = A B`, or `C += A B`, with `C` row-major: see [`kernel::gemm`](crate::kernel::gemm).
    fn gemm(
        scratch: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        c: &mut [Self],
        add: bool,
    ) {
        Self::gemm_strided(scratch, a, b, (c, b.cols), add);
    }

    /// [`gemm`](Real::gemm), where the rows of `C` begin a `stride` apart: some columns of a wider matrix.
    fn gemm_strided(
        scratch: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        c: (&mut [Self], usize),
        add: bool,
    ) {
        gemm::plain_strided(scratch, a, b, c, add);
    }

    /// [`gemm`](Real::gemm), to the same bits, with a `B` that may come again: a weight that is used at every step.
    fn gemm_again(
        scratch: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        (b, _): (Matrix<'_, Self>, Again),
        c: &mut [Self],
        add: bool,
    ) {
        Self::gemm(scratch, a, b, c, add);
    }

    /// `C = from + A B`, to the bits of [`gemm`](Real::gemm) added to a copy, with a `B` that may come again.
    fn gemm_from(
        scratch: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        (b, _): (Matrix<'_, Self>, Option<Again>),
        from: Start<'_, Self>,
        c: &mut [Self],
    ) {
        for (i, c) in c.chunks_exact_mut(b.cols.max(1)).enumerate() {
            c.copy_from_slice(&from.data[i * from.row..][..b.cols]);
        }
        Self::gemm(scratch, a, b, c, true);
    }

    /// Takes rows of `L [K, m]` and `R [K, n]` for a product `C += Lᵀ R`, as many of both; returns how many had room.
    fn push_rows(update: &mut RankUpdate<Self>, left: &[Self], right: &[Self]) -> usize {
        update.push_plain(left, right)
    }

    /// `C = Lᵀ R`, or `C += Lᵀ R`, to the bits of [`gemm`](Real::gemm), for the rows that have been pushed; none are left.
    /// `C [m, n]` stands in `c` with `stride` elements from one row to the next.
    fn add_rows(update: &mut RankUpdate<Self>, c: &mut [Self], stride: usize, add: bool) {
        update.add_plain(c, stride, add);
    }
}
