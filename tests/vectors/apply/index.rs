//! Values looked up by whole numbers, or chosen by conditions.

use super::{Applied, Call, one, with_axis};
use crate::{archive::Tensor, report::Skip};
use ndarray::{ArrayD, IxDyn};
use tape::Real;

pub(super) fn apply<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    match call.case.op {
        "index_select" => {
            let (x, indices) = (call.x_with_axis()?, indices(call, 1)?);
            call.shaped(x.index_select(call.axis(0, "dim")?, &flat(&indices)))
        }
        "index_add" => {
            let (x, indices) = (call.x_with_axis()?, indices(call, 1)?);
            let alpha = call.number(None, "alpha")?.unwrap_or(1.0);
            let source = with_axis(call.operand(2, "source")?) * T::of(alpha);
            call.shaped(x.index_add(call.axis(0, "dim")?, &flat(&indices), source))
        }
        "gather" => {
            let (x, mut indices) = (call.x_with_axis()?, indices(call, 1)?);
            // PyTorch takes nothing with any number of axes.
            if indices.is_empty() {
                indices = ArrayD::zeros(IxDyn(&vec![0; x.shape().len()]));
            }
            call.shaped(x.gather(call.axis(0, "dim")?, &lifted(indices)))
        }
        "scatter_add" => {
            let (x, indices) = (call.x_with_axis()?, lifted(indices(call, 1)?));
            let source = with_axis(call.operand(2, "src")?);
            call.shaped(x.scatter_add(call.axis(0, "dim")?, &indices, source))
        }
        "where" => one(call.x()?.where_(mask(call)?, call.operand(1, "other")?)),
        "masked_fill" => one(call.operand(1, "value")?.where_(mask(call)?, call.x()?)),
        "nn.functional.embedding" => {
            let indices = indices(call, 0)?;
            call.shaped(call.x()?.gather_rows(&flat(&indices)))
        }
        _ => Ok(None),
    }
}

/// The indices at place `k`.
pub(super) fn indices<T: Real>(call: &Call<'_, '_, T>, k: usize) -> Result<ArrayD<usize>, Skip> {
    match call.tensor(k, "index")? {
        Tensor::Int(array) if array.iter().all(|&i| i >= 0) => Ok(array.mapv(|i| i as usize)),
        _ => Skip::because("indices count from the end"),
    }
}

pub(super) fn flat(indices: &ArrayD<usize>) -> Vec<usize> {
    indices.iter().copied().collect()
}

fn lifted(indices: ArrayD<usize>) -> ArrayD<usize> {
    if indices.ndim() == 0 { indices.insert_axis(ndarray::Axis(0)) } else { indices }
}

fn mask<'c, T: Real>(call: &Call<'c, '_, T>) -> Result<&'c ArrayD<bool>, Skip> {
    match call.tensor(0, "condition")? {
        Tensor::Bool(mask) => Ok(mask),
        _ => Skip::because("the condition is not true or false"),
    }
}
