//! The numbers a tape can hold.

use crate::kernel::{Matrix, Scratch, gemm};
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
/// The elementary functions of `f32` and `f64` are branch-free polynomials: the same bits
/// alone, in a slice, and in any SIMD lane.
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
    /// `ln x`
    fn ln(self) -> Self;
    /// `√x`
    fn sqrt(self) -> Self;
    /// `tanh x`
    fn tanh(self) -> Self;
    /// `σ(x) = 1 / (1 + e⁻ˣ)`
    fn sigmoid(self) -> Self;

    /// Is the number, with all it carries, neither infinite nor NaN?
    fn is_finite(self) -> bool;

    /// `x⁻¹`
    fn recip(self) -> Self {
        Self::ONE / self
    }
    /// The greater of the two; NaN if either is.
    fn max(self, other: Self) -> Self {
        if self > other || self.primal().is_nan() { self } else { other }
    }

    /// Runs `body` compiled for the widest SIMD instructions that this machine has.
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
        gemm::plain(scratch, a, b, c, add);
    }
}

macro_rules! primitive {
    ($float:ident) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: f64 = $float::EPSILON as f64;

            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $float
            }
            #[inline(always)]
            fn primal(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $float::mul_add(self, a, b)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                crate::kernel::exp::$float(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $float::ln(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                crate::kernel::tanh::$float(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                crate::kernel::sigmoid::$float(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
            #[inline(always)]
            fn vectorize<R>(body: impl FnOnce() -> R) -> R {
                pulp::Arch::new().dispatch(body)
            }
            fn gemm(
                scratch: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                c: &mut [Self],
                add: bool,
            ) {
                gemm::$float(scratch, a, b, c, add);
            }
        }
    };
}

primitive!(f32);
primitive!(f64);
