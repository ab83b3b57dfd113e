//! A formula as a list of instructions.

use std::fmt;

/// Where an operand stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Input(usize),
    Constant(usize),
    /// The result of an earlier instruction.
    Result(usize),
    /// The adjoint of an output, on the way back.
    Adjoint(usize),
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
}

impl fmt::Display for Program {
    /// One line for each instruction: `t0 = σ(x1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |place| match place {
            Place::Input(k) => format!("x{k}"),
            Place::Constant(k) => self.constants[k].to_string(),
            Place::Result(k) => format!("t{k}"),
            Place::Adjoint(k) => format!("ȳ{k}"),
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
