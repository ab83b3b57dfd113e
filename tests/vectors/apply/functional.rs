//! Activations, normalisation and losses: `torch.nn.functional`.

use super::{
    Applied, Call,
    index::{flat, indices},
    one, with_axis,
};
use crate::{archive::Argument, report::Skip};
use tape::{Real, Var, broadcast};

pub(super) fn apply<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let Some(op) = call.case.op.strip_prefix("nn.functional.") else { return Ok(None) };
    if let Some(f) = activation(op) {
        return one(f(call.x()?));
    }
    let number = |k, name, default| call.number(k, name).map(|n| T::of(n.unwrap_or(default)));
    match op {
        "leaky_relu" => one(call.x()?.leaky_relu(number(0, "negative_slope", 0.01)?)),
        "elu" => one(call.x()?.elu(number(0, "alpha", 1.0)?)),
        "celu" => one(call.x()?.celu(number(0, "alpha", 1.0)?)),
        "softplus" => {
            let (beta, threshold) = (number(0, "beta", 1.0)?, number(1, "threshold", 20.0)?);
            one(call.x()?.softplus_with(beta, threshold))
        }
        "hardtanh" => {
            let (low, high) = (number(0, "min_val", -1.0)?, number(1, "max_val", 1.0)?);
            let plain = low == -T::ONE && high == T::ONE;
            one(if plain { call.x()?.hard_tanh() } else { call.x()?.clamp(low, high) })
        }
        "gelu" => match call.get(0, "approximate") {
            Some(Argument::Text(how)) if how == "tanh" => one(call.x()?.gelu_tanh()),
            _ => one(call.x()?.gelu()),
        },
        "glu" => one(call.x()?.glu_axis(call.int(0, "dim")?.unwrap_or(-1) as isize)),
        "linear" => linear(call),
        "layer_norm" => {
            let axes = call.ints(0, "normalized_shape")?.unwrap_or_default().len();
            let optional = |k, name| call.get(k, name).map(|w| call.var(w)).transpose();
            let (weight, bias) = (optional(1, "weight")?, optional(2, "bias")?);
            one(call.x()?.layer_norm(axes, weight, bias, number(3, "eps", 1e-5)?))
        }
        "cosine_similarity" => cosine_similarity(call),
        "mse_loss" => with_target(call, |x, t| (x - t).square()),
        "l1_loss" => with_target(call, Var::l1),
        "huber_loss" => {
            let delta = number(2, "delta", 1.0)?;
            with_target(call, |x, t| x.huber(t, delta))
        }
        "smooth_l1_loss" => {
            let beta = call.number(None, "beta")?.unwrap_or(1.0);
            with_target(call, |x, t| x.smooth_l1(t, T::of(beta)))
        }
        "binary_cross_entropy" => with_target(call, Var::binary_cross_entropy),
        "binary_cross_entropy_with_logits" => {
            with_target(call, Var::binary_cross_entropy_with_logits)
        }
        "kl_div" if call.flag(None, "log_target")? => with_target(call, Var::kl_divergence_log),
        "kl_div" => with_target(call, Var::kl_divergence),
        "cross_entropy" => cross_entropy(call),
        "nll_loss" => {
            let x = classes_last(with_axis(call.x()?));
            nll(call, x)
        }
        _ => Ok(None),
    }
}

fn activation<'t, T: Real>(op: &str) -> Option<fn(Var<'t, T>) -> Var<'t, T>> {
    Some(match op {
        "relu" => Var::relu,
        "relu6" => Var::relu6,
        "selu" => Var::selu,
        "silu" => Var::silu,
        "mish" => Var::mish,
        "softsign" => Var::softsign,
        "tanhshrink" => Var::tanhshrink,
        "logsigmoid" => Var::log_sigmoid,
        "hardsigmoid" => Var::hard_sigmoid,
        "hardswish" => Var::hard_swish,
        _ => return None,
    })
}

/// The weight is `[out, in]`, or a vector.
fn linear<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let (x, weight) = (call.x()?, call.operand(0, "weight")?);
    let y = if weight.shape().len() == 1 { x.matmul(weight) } else { x.matmul_t(weight) };
    one(match call.get(1, "bias") {
        Some(bias) => y + call.var(bias)?,
        None => y,
    })
}

fn cosine_similarity<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let (a, b) = (call.x_with_axis()?, with_axis(call.operand(0, "x2")?));
    let Ok(shape) = broadcast(&a.shape(), &b.shape()) else {
        return Skip::because("the operands do not meet");
    };
    let axis = call.int(1, "dim")?.unwrap_or(1) as isize;
    let epsilon = T::of(call.number(2, "eps")?.unwrap_or(1e-8));
    call.shaped(a.broadcast_to(&shape).cosine_similarity(b.broadcast_to(&shape), axis, epsilon))
}

/// What a loss is reduced to, the mean by default.
fn reduction<'c, T: Real>(call: &Call<'c, '_, T>) -> &'c str {
    match call.get(None, "reduction") {
        Some(Argument::Text(how)) => how,
        _ => "mean",
    }
}

/// A loss of each element, weighted and reduced.
fn with_target<'t, T: Real>(
    call: &Call<'_, 't, T>,
    loss: impl Fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
) -> Applied<'t, T> {
    let x = call.x()?;
    let mut y = loss(x, call.operand(0, "target")?);
    if let Some(weight) = call.get(None, "weight") {
        y = y * call.var(weight)?;
    }
    one(match reduction(call) {
        "none" => y,
        "sum" => y.sum(),
        "batchmean" => y.sum() / T::of(x.shape()[0] as f64),
        _ => y.mean(),
    })
}

/// `[N, C, …]` as `[N, …, C]`.
fn classes_last<T: Real>(x: Var<'_, T>) -> Var<'_, T> {
    let rank = x.shape().len() as isize;
    let order: Vec<isize> = [0].into_iter().chain(2..rank).chain([1]).collect();
    if rank > 2 { x.permute(&order) } else { x }
}

/// Targets are classes, or distributions.
fn cross_entropy<'t, T: Real>(call: &Call<'_, 't, T>) -> Applied<'t, T> {
    let x = classes_last(call.x()?);
    if indices(call, 0).is_ok() {
        return nll(call, x.log_softmax());
    }
    let target = classes_last(call.operand(0, "target")?);
    let y = -(target * x.log_softmax()).sum_axis(-1);
    one(match reduction(call) {
        "none" => y,
        "sum" => y.sum(),
        _ => y.mean(),
    })
}

/// `x` `[.., C]`, with a weight for each class and one class that does not count, if they are given.
fn nll<'t, T: Real>(call: &Call<'_, 't, T>, x: Var<'t, T>) -> Applied<'t, T> {
    let ignored = call.int(None, "ignore_index")?.unwrap_or(-100);
    let weights = call.get(None, "weight").map(|w| call.var(w)).transpose()?;
    let weights = weights.map(|w| w.value().iter().copied().collect::<Vec<T>>());
    let classes = flat(&indices(call, 0)?);
    let weight = |&class: &usize| match &weights {
        _ if class as i64 == ignored => T::ZERO,
        Some(weights) => weights[class],
        None => T::ONE,
    };
    let weights: Vec<T> = classes.iter().map(weight).collect();
    let total: T = weights.iter().copied().sum();
    let weights = call.tape.constant(weights);
    if reduction(call) == "none" {
        let n = classes.len();
        let rows = x.reshape([n, x.shape().last().copied().unwrap_or(1)]);
        let Ok(at) = ndarray::Array2::from_shape_vec((n, 1), classes) else {
            return Skip::because("one class for each row is wanted");
        };
        return call.shaped(-(rows.gather(1, &at).flatten() * weights));
    }
    let sum = x.nll_weighted(&classes, weights);
    one(if reduction(call) == "sum" { sum } else { sum / total })
}
