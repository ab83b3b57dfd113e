//! The same numbers, arranged otherwise.

use super::{Applied, Call, one, several};
use crate::{archive::Argument, report::Skip};
use tape::{Real, Var};

pub(super) fn apply<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    match call.case.op {
        "transpose" => {
            let (a, b) = (call.axis(0, "dim0")?, call.axis(1, "dim1")?);
            call.shaped(call.x_with_axis()?.transpose(a, b))
        }
        "permute" => one(call.x()?.permute(&axes(call.ints(0, "dims")?))),
        "flip" => one(call.x()?.flip(&axes(call.ints(0, "dims")?))),
        "reshape" => reshape(call),
        "expand" => expand(call),
        "squeeze" => squeeze(call),
        "unsqueeze" => one(call.x()?.unsqueeze(call.axis(0, "dim")?)),
        "tril" => one(call.x()?.tril(call.int(0, "diagonal")?.unwrap_or(0) as isize)),
        "triu" => one(call.x()?.triu(call.int(0, "diagonal")?.unwrap_or(0) as isize)),
        "cat" => {
            let axis = call.int(0, "dim")?.unwrap_or(0) as isize;
            // PyTorch passes over vectors of nothing, whatever the others are.
            let mut parts = operands(call)?;
            let nothing = parts.iter().all(|part| part.shape()[..] == [0]);
            parts.retain(|part| nothing || part.shape()[..] != [0]);
            one(call.tape.concat(axis, &parts))
        }
        "stack" => {
            let axis = call.int(0, "dim")?.unwrap_or(0) as isize;
            let parts: Vec<_> = operands(call)?.into_iter().map(|x| x.unsqueeze(axis)).collect();
            one(call.tape.concat(axis, &parts))
        }
        "narrow" => {
            let (x, axis) = (call.x()?, call.axis(0, "dim")?);
            let start = from_front(call.axis(1, "start")?, len(x, axis));
            let end = start + call.axis(2, "length")? as usize;
            one(x.slice(axis, start..end))
        }
        "select" => {
            let (x, axis) = (call.x()?, call.axis(0, "dim")?);
            one(x.select(axis, from_front(call.axis(1, "index")?, len(x, axis))))
        }
        "split" => split(call),
        "chunk" => {
            let (count, axis) = (call.axis(0, "chunks")?, call.int(1, "dim")?.unwrap_or(0));
            several(call.x()?.chunk(axis as isize, count as usize))
        }
        "unbind" => several(call.x()?.unbind(call.int(0, "dim")?.unwrap_or(0) as isize)),
        _ => Ok(None),
    }
}

fn axes(ints: Option<Vec<i64>>) -> Vec<isize> {
    ints.unwrap_or_default().into_iter().map(|axis| axis as isize).collect()
}

/// An index that may count from the end.
pub(super) fn from_front(index: isize, n: usize) -> usize {
    (if index < 0 { index + n as isize } else { index }) as usize
}

/// The length of an axis that may count from the end.
fn len<T: Real>(x: Var<'_, T>, axis: isize) -> usize {
    let shape = x.shape();
    shape[from_front(axis, shape.len())]
}

/// The first operand, a list.
fn operands<'t, T: Real>(call: &Call<'_, 't, T>) -> Result<Vec<Var<'t, T>>, Skip> {
    let Argument::List(parts) = &call.case.input else {
        return Skip::because("the first operand is no list");
    };
    parts.iter().map(|part| call.var(part)).collect()
}

/// One length may be −1: what is left for it.
fn reshape<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let (x, lens) = (call.x()?, call.ints(0, "shape")?.unwrap_or_default());
    let known: i64 = lens.iter().filter(|&&n| n >= 0).product();
    let rest = x.shape().iter().product::<usize>() / (known as usize).max(1);
    let shape: Vec<usize> = lens.iter().map(|&n| usize::try_from(n).unwrap_or(rest)).collect();
    one(x.reshape(shape))
}

/// A length may be −1: as it is.
fn expand<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let (x, lens) = (call.x()?, call.ints(0, "size")?.unwrap_or_default());
    let shape = x.shape();
    let missing = lens.len() - shape.len();
    let len =
        |(axis, &n): (usize, &i64)| usize::try_from(n).unwrap_or_else(|_| shape[axis - missing]);
    one(x.broadcast_to(lens.iter().enumerate().map(len).collect::<Vec<_>>()))
}

/// PyTorch leaves an axis alone that cannot be squeezed.
fn squeeze<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let x = call.x()?;
    let Some(axis) = call.int(0, "dim")? else { return one(x.squeeze_all()) };
    let axis = axis as isize;
    one(if x.shape().is_empty() || len(x, axis) != 1 { x } else { x.squeeze(axis) })
}

fn split<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let x = call.x()?;
    let axis = call.int(1, "dim")?.unwrap_or(0) as isize;
    match call.get(0, "split_size_or_sections") {
        Some(Argument::Int(size)) => several(x.split(axis, *size as usize)),
        _ => {
            let sizes = call.ints(0, "split_size_or_sections")?.unwrap_or_default();
            several(x.split_at(axis, &sizes.iter().map(|&n| n as usize).collect::<Vec<_>>()))
        }
    }
}
