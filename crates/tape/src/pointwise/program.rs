//! A formula as a list of instructions, and one rule for each.

use crate::Real;
use std::fmt;

/// Where an operand stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Input(usize),
    Constant(usize),
    /// The result of an earlier instruction.
    Result(usize),
}

/// What an instruction does. One operand: `b` is `a` again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    /// `max(a, b)`, of slope 0 where b holds it, the bound included.
    AtLeast,
    /// `min(a, b)`, of slope 0 where b holds it, the bound included.
    AtMost,
    Neg,
    Abs,
    Relu,
    Sqrt,
    Exp,
    Expm1,
    Ln,
    Ln1p,
    Tanh,
    Sigmoid,
    Softplus,
    Sin,
    Cos,
    Atan,
    Erf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: Code,
    pub(super) a: Place,
    pub(super) b: Place,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Program {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    pub(super) code: Vec<Instruction>,
    pub(super) outputs: Vec<Place>,
    /// For each instruction whose result is kept for the way back, which of them it is.
    pub(super) kept: Vec<Option<usize>>,
}

impl Code {
    pub(super) fn is_binary(self) -> bool {
        matches!(
            self,
            Self::Add
                | Self::Sub
                | Self::Mul
                | Self::Div
                | Self::Max
                | Self::AtLeast
                | Self::AtMost
        )
    }

    /// Is the result worth keeping for the way back?
    pub(super) fn is_dear(self) -> bool {
        !(self.is_binary() || matches!(self, Self::Neg | Self::Abs | Self::Relu))
    }

    /// `y = f(a, b)`, over a stretch.
    #[inline(always)]
    pub(super) fn forward<T: Real>(self, a: &[T], b: &[T], y: &mut [T]) {
        macro_rules! each {
            (|$a:ident| $f:expr) => {
                for (y, &$a) in y.iter_mut().zip(a) {
                    *y = $f;
                }
            };
            (|$a:ident, $b:ident| $f:expr) => {
                for ((y, &$a), &$b) in y.iter_mut().zip(a).zip(b) {
                    *y = $f;
                }
            };
        }
        match self {
            Self::Add => each!(|a, b| a + b),
            Self::Sub => each!(|a, b| a - b),
            Self::Mul => each!(|a, b| a * b),
            Self::Div => each!(|a, b| a / b),
            Self::Max | Self::AtLeast => each!(|a, b| a.max(b)),
            Self::AtMost => each!(|a, b| a.min(b)),
            Self::Neg => each!(|a| -a),
            Self::Abs => each!(|a| a.abs()),
            Self::Relu => each!(|a| if a <= T::ZERO { T::ZERO } else { a }),
            Self::Sqrt => each!(|a| a.sqrt()),
            Self::Exp => each!(|a| a.exp()),
            Self::Expm1 => each!(|a| a.expm1()),
            Self::Ln => each!(|a| a.ln()),
            Self::Ln1p => each!(|a| a.ln_1p()),
            Self::Tanh => each!(|a| a.tanh()),
            Self::Sigmoid => each!(|a| a.sigmoid()),
            Self::Softplus => each!(|a| a.softplus()),
            Self::Sin => each!(|a| a.sin()),
            Self::Cos => each!(|a| a.cos()),
            Self::Atan => each!(|a| a.atan()),
            Self::Erf => each!(|a| a.erf()),
        }
    }

    /// `ā += ȳ ∂y/∂a`, over a stretch.
    #[inline(always)]
    pub(super) fn backward_a<T: Real>(self, a: &[T], b: &[T], y: &[T], dy: &[T], da: &mut [T]) {
        macro_rules! each {
            (|$a:ident, $y:ident| $slope:expr) => {
                for (((da, &dy), &$a), &$y) in da.iter_mut().zip(dy).zip(a).zip(y) {
                    *da += dy * $slope;
                }
            };
        }
        macro_rules! with_b {
            (|$dy:ident, $b:ident| $term:expr) => {
                for ((da, &$dy), &$b) in da.iter_mut().zip(dy).zip(b) {
                    *da += $term;
                }
            };
        }
        macro_rules! within {
            (|$a:ident, $b:ident| $free:expr) => {
                for ((da, &dy), (&$a, &$b)) in da.iter_mut().zip(dy).zip(a.iter().zip(b)) {
                    *da += dy * if $free { T::ONE } else { T::ZERO };
                }
            };
        }
        match self {
            Self::Add | Self::Sub => with_b!(|dy, _b| dy),
            Self::Mul => with_b!(|dy, b| dy * b),
            Self::Div => with_b!(|dy, b| dy / b),
            Self::Max => {
                for ((da, &dy), (&a, &b)) in da.iter_mut().zip(dy).zip(a.iter().zip(b)) {
                    *da += dy * share(a, b);
                }
            }
            Self::AtLeast => within!(|a, b| a > b),
            Self::AtMost => within!(|a, b| a < b),
            Self::Neg => each!(|_a, _y| -T::ONE),
            Self::Abs => each!(|a, _y| a.sign()),
            Self::Relu => each!(|a, _y| if a > T::ZERO { T::ONE } else { T::ZERO }),
            Self::Sqrt => each!(|_a, y| T::of(0.5) / y),
            Self::Exp => each!(|_a, y| y),
            Self::Expm1 => each!(|_a, y| y + T::ONE),
            Self::Ln => each!(|a, _y| a.recip()),
            Self::Ln1p => each!(|a, _y| (T::ONE + a).recip()),
            Self::Tanh => each!(|_a, y| T::ONE - y * y),
            Self::Sigmoid => each!(|_a, y| y * (T::ONE - y)),
            Self::Softplus => each!(|a, _y| a.sigmoid()),
            Self::Sin => each!(|a, _y| a.cos()),
            Self::Cos => each!(|a, _y| -a.sin()),
            Self::Atan => each!(|a, _y| (T::ONE + a * a).recip()),
            Self::Erf => each!(|a, _y| T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-a * a).exp()),
        }
    }

    /// `b̄ += ȳ ∂y/∂b`, over a stretch, for an instruction of two operands.
    #[inline(always)]
    pub(super) fn backward_b<T: Real>(self, a: &[T], b: &[T], y: &[T], dy: &[T], db: &mut [T]) {
        macro_rules! each {
            (|$dy:ident, $a:ident, $b:ident, $y:ident| $term:expr) => {
                for (((db, &$dy), (&$a, &$b)), &$y) in
                    db.iter_mut().zip(dy).zip(a.iter().zip(b)).zip(y)
                {
                    *db += $term;
                }
            };
        }
        match self {
            Self::Add => each!(|dy, _a, _b, _y| dy),
            Self::Sub => each!(|dy, _a, _b, _y| -dy),
            Self::Mul => each!(|dy, a, _b, _y| dy * a),
            Self::Div => each!(|dy, _a, b, y| -dy * y / b),
            Self::Max => each!(|dy, a, b, _y| dy * share(b, a)),
            _ => {}
        }
    }
}

/// How much of the adjoint of `max(a, b)` is `a`'s: all, none, or half where they are equal.
#[inline(always)]
fn share<T: Real>(a: T, b: T) -> T {
    if a > b {
        T::ONE
    } else if a == b {
        T::of(0.5)
    } else {
        T::ZERO
    }
}

impl fmt::Display for Program {
    /// One line for each instruction: `t0 = σ(x1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |place| match place {
            Place::Input(k) => format!("x{k}"),
            Place::Constant(k) => self.constants[k].to_string(),
            Place::Result(k) => format!("t{k}"),
        };
        for (k, &Instruction { code, a, b }) in self.code.iter().enumerate() {
            let (a, b) = (name(a), name(b));
            match code {
                Code::Add => writeln!(f, "t{k} = {a} + {b}"),
                Code::Sub => writeln!(f, "t{k} = {a} - {b}"),
                Code::Mul => writeln!(f, "t{k} = {a} · {b}"),
                Code::Div => writeln!(f, "t{k} = {a} / {b}"),
                Code::Max | Code::AtLeast => writeln!(f, "t{k} = max({a}, {b})"),
                Code::AtMost => writeln!(f, "t{k} = min({a}, {b})"),
                Code::Neg => writeln!(f, "t{k} = -{a}"),
                Code::Sigmoid => writeln!(f, "t{k} = σ({a})"),
                other => writeln!(f, "t{k} = {}({a})", format!("{other:?}").to_lowercase()),
            }?;
        }
        for (k, &output) in self.outputs.iter().enumerate() {
            let separator = if k > 0 { ", " } else { "" };
            write!(f, "{separator}y{k} = {}", name(output))?;
        }
        Ok(())
    }
}
