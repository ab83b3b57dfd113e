//! `f32` and `f64`: numbers that carry nothing but their value, and have the kernels.

use super::Real;
use crate::kernel::{
    Matrix, Scratch,
    gemm::{self, Again, RankUpdate, Start},
};

macro_rules! primitive {
    ($float:ident, $strided:ident, $again:ident, $from:ident) => {
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
            fn expm1(self) -> Self {
                crate::kernel::expm1::$float(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                crate::kernel::ln::$float(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                crate::kernel::ln_1p::$float(self)
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
            fn erf(self) -> Self {
                crate::kernel::erf::$float(self)
            }
            #[inline(always)]
            fn powf(self, y: Self) -> Self {
                $float::powf(self, y)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                $float::sin(self)
            }
            #[inline(always)]
            fn cos(self) -> Self {
                $float::cos(self)
            }
            #[inline(always)]
            fn tan(self) -> Self {
                $float::tan(self)
            }
            #[inline(always)]
            fn atan(self) -> Self {
                $float::atan(self)
            }
            #[inline(always)]
            fn sinh(self) -> Self {
                $float::sinh(self)
            }
            #[inline(always)]
            fn cosh(self) -> Self {
                $float::cosh(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
            #[inline(always)]
            fn flushed(self) -> Self {
                if $float::abs(self) < $float::MIN_POSITIVE { 0.0 } else { self }
            }
            #[inline(always)]
            fn vectorize<R>(body: impl FnOnce() -> R) -> R {
                pulp::Arch::new().dispatch(body)
            }
            fn gemm_strided(
                scratch: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                c: (&mut [Self], usize),
                add: bool,
            ) {
                gemm::$strided(scratch, a, b, c, add);
            }
            fn gemm_again(
                scratch: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: (Matrix<'_, Self>, Again),
                c: &mut [Self],
                add: bool,
            ) {
                gemm::$again(scratch, a, b, c, add);
            }
            fn gemm_from(
                scratch: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: (Matrix<'_, Self>, Option<Again>),
                from: Start<'_, Self>,
                c: &mut [Self],
            ) {
                gemm::$from(scratch, a, b, from, c);
            }
            fn push_rows(update: &mut RankUpdate<Self>, left: &[Self], right: &[Self]) -> usize {
                update.push(left, right)
            }
            fn add_rows(update: &mut RankUpdate<Self>, c: &mut [Self], stride: usize, add: bool) {
                update.add(c, stride, add);
            }
        }
    };
}

primitive!(f32, f32_strided, f32_again, f32_from);
primitive!(f64, f64_strided, f64_again, f64_from);
