//! Many numbers made one.

use super::{Applied, Call, Output, one};
use crate::{archive::Argument, report::Skip};
use tape::{Over, Real, Var};

pub(super) fn apply<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let reduce = |f: fn(Var<'t, T>, Over) -> Var<'t, T>| {
        let over = over(call, 0, 1)?;
        call.shaped(f(call.x_with_axis()?, over))
    };
    match call.case.op {
        "sum" => reduce(Var::sum_over),
        "mean" => reduce(Var::mean_over),
        "amax" => reduce(Var::amax),
        "amin" => reduce(Var::amin),
        "prod" => reduce(Var::prod),
        "logsumexp" => reduce(Var::logsumexp),
        "var" => spread(call, Var::var),
        "std" => spread(call, Var::std),
        "norm" => norm(call, "p"),
        "linalg.vector_norm" => norm(call, "ord"),
        "max" => extremum(call, Var::amax, Var::maximum, Var::max_axis),
        "min" => extremum(call, Var::amin, Var::minimum, Var::min_axis),
        "cumsum" => call.shaped(call.x_with_axis()?.cumsum(call.axis(0, "dim")?)),
        "softmax" => call.shaped(call.x_with_axis()?.softmax_axis(call.axis(0, "dim")?)),
        "nn.functional.softmin" => {
            call.shaped((-call.x_with_axis()?).softmax_axis(call.axis(0, "dim")?))
        }
        "log_softmax" => call.shaped(call.x_with_axis()?.log_softmax_axis(call.axis(0, "dim")?)),
        _ => Ok(None),
    }
}

/// The axes at place `dim`, all if there are none, and whether to keep them, at place `keep`.
fn over<T: Real>(call: &Call<'_, '_, T>, dim: usize, keep: usize) -> Result<Over, Skip> {
    let axes: Vec<isize> =
        call.ints(dim, "dim")?.unwrap_or_default().into_iter().map(|axis| axis as isize).collect();
    let over = if axes.is_empty() { Over::all() } else { Over::from(&axes[..]) };
    Ok(if call.flag(keep, "keepdim")? { over.keep() } else { over })
}

/// `var` and `std`: the correction is a number, or said with `unbiased`, which may come first.
fn spread<'t, T: Real>(
    call: &Call<'_, 't, T>,
    f: fn(Var<'t, T>, Over, f64) -> Var<'t, T>,
) -> Applied<'t, T> {
    let x = call.x_with_axis()?;
    let unbiased = match call.case.args.first() {
        Some(Argument::Bool(_)) => call.get(0, "unbiased"),
        _ => call.get(1, "unbiased"),
    };
    let correction = match unbiased {
        Some(Argument::Bool(unbiased)) => f64::from(u8::from(*unbiased)),
        _ => call.number(None, "correction")?.unwrap_or(1.0),
    };
    let over = match call.case.args.first() {
        Some(Argument::Bool(_)) => Over::all(),
        _ => over(call, 0, 2)?,
    };
    call.shaped(f(x, over, correction))
}

fn norm<'t, T: Real>(call: &Call<'_, 't, T>, order: &'static str) -> Applied<'t, T> {
    let p = call.number(0, order)?.unwrap_or(2.0);
    let over = over(call, 1, 2)?;
    call.shaped(call.x_with_axis()?.norm(p, over))
}

/// An extremum along an axis, and its places.
type Along<'t, T> = fn(Var<'t, T>, isize) -> (Var<'t, T>, ndarray::ArrayD<usize>);

/// Of one operand, of two, or along an axis, where the places are given as well.
fn extremum<'t, T: Real>(
    call: &Call<'_, 't, T>,
    of_all: fn(Var<'t, T>, Over) -> Var<'t, T>,
    of_two: fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
    along: Along<'t, T>,
) -> Applied<'t, T> {
    if let Some(other @ Argument::Tensor(_)) = call.get(0, "other") {
        return one(of_two(call.x()?, call.var(other)?));
    }
    let Some(axis) = call.int(0, "dim")? else { return one(of_all(call.x()?, Over::all())) };
    call.flag(1, "keepdim")?;
    let (y, places) = along(call.x_with_axis()?, axis as isize);
    let shape = call.shape();
    let Ok(places) = places.into_shape_with_order(shape) else {
        return Skip::because("the places do not fill the output");
    };
    Ok(Some(vec![Output::Value(y.reshape(shape)), Output::Indices(places)]))
}
