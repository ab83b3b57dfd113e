//! A number and its tangent.
//!
//! ```text
//! (a + a′ε)(b + b′ε) = ab + (a′b + ab′)ε,    ε² = 0        f(a + a′ε) = f(a) + f′(a) a′ε
//! ```
//!
//! Clifford, 1873. Carried through a computation, the tangent is the derivative along the direction in which the inputs
//! were given theirs. Because [`Dual<T>`] is a [`Real`] like `T`, every op of the tape takes it as it is, and
//! duals nest: the tangents of `Dual<Dual<f64>>` belong to two directions that the types keep apart.

use crate::Real;
use std::{
    cmp::Ordering,
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

/// `value + tangent · ε`. Compared and ordered by its value alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dual<T> {
    /// The number.
    pub value: T,
    /// Its derivative along the direction in question.
    pub tangent: T,
}

impl<T: Real> Dual<T> {
    /// `value + tangent · ε`
    #[inline(always)]
    pub fn new(value: T, tangent: T) -> Self {
        Self { value, tangent }
    }

    /// `f(x)` with `f′(x)` given: `f + f′ x′ε`.
    ///
    /// A tangent of zero stays zero, even where the slope is infinite: what does not move has no speed.
    #[inline(always)]
    fn chain(self, f: T, slope: T) -> Self {
        Self::new(
            f,
            if self.tangent == T::ZERO { T::ZERO * self.tangent } else { slope * self.tangent },
        )
    }
}

impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: PartialOrd> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: fmt::Display> fmt::Display for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)?;
        f.write_str(" + ")?;
        self.tangent.fmt(f)?;
        f.write_str("ε")
    }
}

impl<T: Real> Add for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self::new(self.value + b.value, self.tangent + b.tangent)
    }
}

impl<T: Real> Sub for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Self::new(self.value - b.value, self.tangent - b.tangent)
    }
}

impl<T: Real> Mul for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        Self::new(self.value * b.value, self.tangent * b.value + self.value * b.tangent)
    }
}

impl<T: Real> Div for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let y = self.value / b.value;
        Self::new(y, (self.tangent - y * b.tangent) / b.value)
    }
}

impl<T: Real> Neg for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(-self.value, -self.tangent)
    }
}

macro_rules! assign {
    ($($trait:ident, $method:ident, $op:tt;)*) => {$(
        impl<T: Real> $trait for Dual<T> {
            #[inline(always)]
            fn $method(&mut self, b: Self) {
                *self = *self $op b;
            }
        }
    )*};
}

assign! {
    AddAssign, add_assign, +;
    SubAssign, sub_assign, -;
    MulAssign, mul_assign, *;
    DivAssign, div_assign, /;
}

impl<T: Real> Sum for Dual<T> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, Add::add)
    }
}

impl<T: Real> Real for Dual<T> {
    const ZERO: Self = Self { value: T::ZERO, tangent: T::ZERO };
    const ONE: Self = Self { value: T::ONE, tangent: T::ZERO };
    const EPSILON: f64 = T::EPSILON;

    fn of(x: f64) -> Self {
        Self::new(T::of(x), T::ZERO)
    }
    fn primal(self) -> f64 {
        self.value.primal()
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        let tangent = self.value.mul_add(a.tangent, self.tangent.mul_add(a.value, b.tangent));
        Self::new(self.value.mul_add(a.value, b.value), tangent)
    }
    fn exp(self) -> Self {
        let y = self.value.exp();
        self.chain(y, y)
    }
    fn expm1(self) -> Self {
        self.chain(self.value.expm1(), self.value.exp())
    }
    fn ln(self) -> Self {
        self.chain(self.value.ln(), self.value.recip())
    }
    fn ln_1p(self) -> Self {
        self.chain(self.value.ln_1p(), (T::ONE + self.value).recip())
    }
    fn sqrt(self) -> Self {
        let y = self.value.sqrt();
        self.chain(y, T::of(0.5) / y)
    }
    fn powf(self, p: Self) -> Self {
        let y = self.value.powf(p.value);
        let along_base = p.value * self.value.powf(p.value - T::ONE);
        let base = self.chain(y, if p.value == T::ZERO { T::ZERO } else { along_base });
        // Where the base is 0, so is y ln x, unless the exponent is negative.
        let at_zero = self.value == T::ZERO && p.value >= T::ZERO;
        let exponent = p.chain(y, if at_zero { T::ZERO } else { y * self.value.ln() });
        Self::new(y, base.tangent + exponent.tangent)
    }
    fn tanh(self) -> Self {
        let y = self.value.tanh();
        self.chain(y, T::ONE - y * y)
    }
    fn sigmoid(self) -> Self {
        let y = self.value.sigmoid();
        self.chain(y, y * (T::ONE - y))
    }
    fn sin(self) -> Self {
        self.chain(self.value.sin(), self.value.cos())
    }
    fn cos(self) -> Self {
        self.chain(self.value.cos(), -self.value.sin())
    }
    fn tan(self) -> Self {
        let y = self.value.tan();
        self.chain(y, T::ONE + y * y)
    }
    fn sinh(self) -> Self {
        self.chain(self.value.sinh(), self.value.cosh())
    }
    fn cosh(self) -> Self {
        self.chain(self.value.cosh(), self.value.sinh())
    }
    fn atan(self) -> Self {
        self.chain(self.value.atan(), (T::ONE + self.value * self.value).recip())
    }
    fn erf(self) -> Self {
        let slope = T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-self.value * self.value).exp();
        self.chain(self.value.erf(), slope)
    }
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.tangent.is_finite()
    }
    fn vectorize<R>(body: impl FnOnce() -> R) -> R {
        T::vectorize(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_the_slope_that_differences_show() {
        type F<T> = fn(T) -> T;
        type Row = (&'static str, F<f64>, F<Dual<f64>>);
        let functions: [Row; 15] = [
            ("exp", Real::exp, Real::exp),
            ("expm1", Real::expm1, Real::expm1),
            ("ln", Real::ln, Real::ln),
            ("ln_1p", Real::ln_1p, Real::ln_1p),
            ("sqrt", Real::sqrt, Real::sqrt),
            ("tanh", Real::tanh, Real::tanh),
            ("sigmoid", Real::sigmoid, Real::sigmoid),
            ("sin", Real::sin, Real::sin),
            ("cos", Real::cos, Real::cos),
            ("tan", Real::tan, Real::tan),
            ("sinh", Real::sinh, Real::sinh),
            ("cosh", Real::cosh, Real::cosh),
            ("atan", Real::atan, Real::atan),
            ("erf", Real::erf, Real::erf),
            ("recip", Real::recip, Real::recip),
        ];
        for (name, f, dual) in functions {
            for x in [0.3, 0.9, 1.7] {
                let h = 1e-6;
                let slope = (f(x + h) - f(x - h)) / (2.0 * h);
                let y = dual(Dual::new(x, 1.0));
                assert_eq!(y.value, f(x), "{name}");
                assert!(
                    (y.tangent - slope).abs() < 1e-8 * slope.abs().max(1.0),
                    "{name} at {x}: {y} but {slope}"
                );
            }
        }
    }

    #[test]
    fn a_power_moves_with_its_base_and_its_exponent() {
        let y = Dual::new(2.0f64, 1.0).powf(Dual::new(3.0, 0.0));
        assert_eq!((y.value, y.tangent), (8.0, 12.0));
        let y = Dual::new(2.0f64, 0.0).powf(Dual::new(3.0, 1.0));
        assert!((y.tangent - 8.0 * 2.0f64.ln()).abs() < 1e-14);
        assert_eq!(Dual::new(0.0f64, 1.0).powf(Dual::of(2.0)).tangent, 0.0);
    }

    #[test]
    fn nested_duals_keep_their_directions_apart() {
        // d/dx [ x · d/dy (x + y) ] = 1: the classical trap of confused perturbations.
        let x = Dual::new(Dual::new(1.0f64, 0.0), Dual::new(1.0, 0.0));
        let y = Dual::new(Dual::new(1.0f64, 1.0), Dual::new(0.0, 0.0));
        let inner = x + y;
        let along_y = Dual::new(inner.value.tangent, inner.tangent.tangent);
        let outer = Dual::new(x.value.value, x.tangent.value) * along_y;
        assert_eq!(outer.tangent, 1.0);
    }

    #[test]
    fn the_second_derivative_of_a_cube_is_six_times_its_root() {
        let x = Dual::new(Dual::new(2.0f64, 1.0), Dual::new(1.0, 0.0));
        assert_eq!((x * x * x).tangent.tangent, 12.0);
    }
}
