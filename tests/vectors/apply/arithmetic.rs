//! Element by element, and products of matrices.

use super::{Applied, Call, one};
use crate::{archive::Argument, report::Skip};
use tape::{Real, Var};

pub(super) fn apply<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    if let Some(f) = unary(call.case.op) {
        return one(f(call.x()?));
    }
    match call.case.op {
        "add" | "sub" => {
            let (x, mut other) = (call.x()?, call.operand(0, "other")?);
            if let Some(alpha) = call.number(None, "alpha")? {
                other = other * T::of(alpha);
            }
            one(if call.case.op == "add" { x + other } else { x - other })
        }
        "mul" => one(call.x()? * call.operand(0, "other")?),
        "div" => one(call.x()? / call.operand(0, "other")?),
        "pow" => one(call.x()?.pow(call.operand(0, "exponent")?)),
        "maximum" => one(call.x()?.maximum(call.operand(0, "other")?)),
        "minimum" => one(call.x()?.minimum(call.operand(0, "other")?)),
        "logaddexp" => one(call.x()?.logaddexp(call.operand(0, "other")?)),
        "clamp" => clamp(call),
        "matmul" | "mm" | "bmm" => one(call.x()?.matmul(call.operand(0, "mat2")?)),
        "mv" => one(call.x()?.matmul(call.operand(0, "vec")?)),
        "dot" => one(call.x()?.dot(call.operand(0, "tensor")?)),
        "outer" => one(call.x()?.outer(call.operand(0, "vec2")?)),
        "addmm" => {
            let (c, a, b) = (call.x()?, call.operand(0, "mat1")?, call.operand(1, "mat2")?);
            let beta = T::of(call.number(None, "beta")?.unwrap_or(1.0));
            let alpha = T::of(call.number(None, "alpha")?.unwrap_or(1.0));
            one((a * alpha).affine(b, c * beta))
        }
        _ => Ok(None),
    }
}

fn unary<'t, T: Real>(op: &str) -> Option<fn(Var<'t, T>) -> Var<'t, T>> {
    Some(match op {
        "neg" => |x| -x,
        "abs" => Var::abs,
        "sign" => Var::sign,
        "square" => Var::square,
        "sqrt" => Var::sqrt,
        "rsqrt" => Var::rsqrt,
        "reciprocal" => Var::reciprocal,
        "exp" => Var::exp,
        "expm1" => Var::expm1,
        "log" => Var::ln,
        "log1p" => Var::log1p,
        "sin" => Var::sin,
        "cos" => Var::cos,
        "tan" => Var::tan,
        "atan" => Var::atan,
        "sinh" => Var::sinh,
        "cosh" => Var::cosh,
        "tanh" => Var::tanh,
        "sigmoid" => Var::sigmoid,
        "erf" => Var::erf,
        _ => return None,
    })
}

/// Bounds that are numbers are those of [`Var::clamp`]; bounds that are arrays are a maximum and a minimum.
fn clamp<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let x = call.x()?;
    let (low, high) = (call.get(0, "min"), call.get(1, "max"));
    let number = |bound: Option<&Argument>, none: f64| match bound {
        None => Some(none),
        Some(Argument::Int(n)) => Some(*n as f64),
        Some(Argument::Float(x)) => Some(*x),
        Some(_) => None,
    };
    if let (Some(low), Some(high)) = (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY)) {
        return one(x.clamp(T::of(low), T::of(high)));
    }
    let bound = |bound: Option<&Argument>| -> Result<_, Skip> {
        bound.map(|bound| call.var(bound)).transpose()
    };
    let (low, high) = (bound(low)?, bound(high)?);
    let x = low.map_or(x, |low| x.maximum(low));
    one(high.map_or(x, |high| x.minimum(high)))
}
