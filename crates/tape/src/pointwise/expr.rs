//! Numbers that write down what is done to them.

use super::program::{Code, Instruction, Place, Program};
use std::{
    cell::RefCell,
    ops::{Add, Div, Mul, Neg, Sub},
};

/// A number in a formula: combine it with others and with plain `f64`s.
#[derive(Debug, Clone, Copy)]
pub struct Expr<'p> {
    program: &'p RefCell<Program>,
    place: Place,
}

impl<'p> Expr<'p> {
    pub(super) fn input(program: &'p RefCell<Program>, k: usize) -> Self {
        Self { program, place: Place::Input(k) }
    }

    pub(super) fn place(self) -> Place {
        self.place
    }

    fn constant(self, x: f64) -> Self {
        let mut program = self.program.borrow_mut();
        let known = program.constants.iter().position(|c| c.to_bits() == x.to_bits());
        let k = known.unwrap_or_else(|| {
            program.constants.push(x);
            program.constants.len() - 1
        });
        Self { place: Place::Constant(k), ..self }
    }

    fn write(self, code: Code, a: Place, b: Place) -> Self {
        let mut program = self.program.borrow_mut();
        program.code.push(Instruction { code, a, b });
        Self { place: Place::Result(program.code.len() - 1), ..self }
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $code:ident;)*) => {
        impl Expr<'_> {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(self) -> Self {
                self.write(Code::$code, self.place, self.place)
            }
        )*}
    };
}

unary! {
    /// `eˣ`
    exp => Exp;
    /// `eˣ − 1`
    expm1 => Expm1;
    /// `ln x`
    ln => Ln;
    /// `ln(1 + x)`
    ln_1p => Ln1p;
    /// `√x`
    sqrt => Sqrt;
    /// `tanh x`
    tanh => Tanh;
    /// `σ(x) = 1 / (1 + e⁻ˣ)`
    sigmoid => Sigmoid;
    /// `ln(1 + eˣ)`
    softplus => Softplus;
    /// `sin x`
    sin => Sin;
    /// `cos x`
    cos => Cos;
    /// `arctan x`
    atan => Atan;
    /// `erf x`
    erf => Erf;
    /// `|x|`, of slope 0 at 0
    abs => Abs;
    /// `max(x, 0)`, of slope 0 at 0
    relu => Relu;
}

impl Expr<'_> {
    /// `x²`
    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    /// `1 / x`
    #[must_use]
    pub fn recip(self) -> Self {
        1.0 / self
    }

    /// The greater of the two; the adjoint is shared where they are equal.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.write(Code::Max, self.place, other.place)
    }

    /// `min(max(x, low), high)`, of slope 0 at a bound, as [`Var::clamp`](crate::Var::clamp).
    #[must_use]
    pub fn clamp(self, low: f64, high: f64) -> Self {
        let held = self.write(Code::AtLeast, self.place, self.constant(low).place);
        held.write(Code::AtMost, held.place, held.constant(high).place)
    }

    /// The lesser of the two; the adjoint is shared where they are equal.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        -(-self).max(-other)
    }
}

impl Neg for Expr<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.write(Code::Neg, self.place, self.place)
    }
}

macro_rules! binary {
    ($($trait:ident, $method:ident;)*) => {$(
        impl<'p> $trait for Expr<'p> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.write(Code::$trait, self.place, other.place)
            }
        }
        impl<'p> $trait<f64> for Expr<'p> {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                $trait::$method(self, self.constant(other))
            }
        }
        impl<'p> $trait<Expr<'p>> for f64 {
            type Output = Expr<'p>;
            fn $method(self, other: Expr<'p>) -> Expr<'p> {
                $trait::$method(other.constant(self), other)
            }
        }
    )*};
}

binary! {
    Add, add;
    Sub, sub;
    Mul, mul;
    Div, div;
}
