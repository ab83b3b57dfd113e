//! What can go wrong, said so that it can be mended.

use crate::shape::Shape;
use std::{borrow::Cow, fmt, panic::Location};
use thiserror::Error;

/// The rule that input shapes break, and the way out: what [`Op::shape`](crate::Op::shape) answers
/// when they do not fit. The tape adds the op's name and the shapes themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The rule, as in "the inner lengths must agree, but 3 ≠ 4".
    pub rule: Cow<'static, str>,
    /// The way out, as in "transpose one operand".
    pub remedy: Cow<'static, str>,
}

impl Misfit {
    /// A broken rule and the way out.
    pub fn new(rule: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { rule: rule.into(), remedy: remedy.into() }
    }
}

/// The shapes of an op's inputs, printed `[2, 3], [4]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shapes(pub Vec<Shape>);

impl fmt::Display for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no inputs");
        }
        for (i, shape) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" and ")?;
            }
            write!(f, "{:?}", &shape[..])?;
        }
        Ok(())
    }
}

/// Every way in which using a tape can fail.
///
/// Shape mistakes are a programmer's: the methods of [`Var`](crate::Var) panic with this text at the
/// caller's line, and [`Tape::try_apply`](crate::Tape::try_apply) returns it instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The inputs of an op do not fit it.
    #[error("{op} of {shapes}: {}; {}", misfit.rule, misfit.remedy)]
    Shape {
        /// The op's name.
        op: &'static str,
        /// The shapes of all its inputs.
        shapes: Shapes,
        /// The rule they break, and the way out.
        misfit: Misfit,
    },
    /// Reverse mode starts from one number.
    #[error(
        "backward from a variable of shape {shape:?}: a gradient is that of one number; \
         reduce it (`.sum()`, `.mean()`), or give a cotangent of this shape to `backward_from`"
    )]
    NotScalar {
        /// The shape of the variable.
        shape: Shape,
    },
    /// A cotangent must have the shape of its variable.
    #[error(
        "backward_from: the variable is {variable:?} but its cotangent is {cotangent:?}; they must be equal"
    )]
    Cotangent {
        /// The shape of the variable.
        variable: Shape,
        /// The shape of the cotangent.
        cotangent: Shape,
    },
    /// A variable was used with a tape on which it was not recorded.
    #[error(
        "{what}: node {node} belongs to another tape; read its value there and put it on this one \
         (`tape.constant(var.value())`)"
    )]
    Foreign {
        /// What was asked.
        what: &'static str,
        /// The variable's serial number on its own tape.
        node: u64,
    },
    /// A variable from before a cut was used after it.
    #[error(
        "{what}: node {node} was released by a cut (number {cut}, the last, was made at {site}); \
         to carry a value over a cut, record it again behind the mark (`var.detach()` before cutting) \
         or read it before (`var.value()`)"
    )]
    Stale {
        /// What was asked.
        what: &'static str,
        /// The variable's serial number.
        node: u64,
        /// How many cuts there have been: the last one or an earlier one released it.
        cut: u64,
        /// Where the last cut was made.
        site: &'static Location<'static>,
    },
    /// A variable was used after its elements had been let go.
    #[error(
        "{what}: node {node} was let go, its elements are no more; read it before, or have it stay on the tape \
         (`apply` in place of `apply_aside`)"
    )]
    LetGo {
        /// What was asked.
        what: &'static str,
        /// The variable's serial number.
        node: u64,
    },
    /// A gradient was asked for that the sweep did not keep.
    #[error("no gradient is kept for node {node}{}: {why}", called(label))]
    NoGradient {
        /// The variable's serial number.
        node: u64,
        /// What [`Var::label`](crate::Var::label) called it.
        label: Option<String>,
        /// Why, and what to do about it.
        why: &'static str,
    },
    /// An op's parameter makes no sense.
    #[error("{op}: {what}; {remedy}")]
    Argument {
        /// The op or method.
        op: &'static str,
        /// What was given, and the rule it breaks.
        what: String,
        /// The way out.
        remedy: &'static str,
    },
}

/// `` (`h`)`` or nothing
fn called(label: &Option<String>) -> String {
    label.as_ref().map(|label| format!(" (`{label}`)")).unwrap_or_default()
}

/// `Result` with this crate's [`Error`](enum@Error).
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Turns a programmer's mistake into a panic at the caller's line.
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
