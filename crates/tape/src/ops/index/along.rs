//! An array of indices along one axis, and the elements that it points to.

use crate::{
    Inputs, Misfit, Real, Shape,
    ops::shape::rearrange::{Places, steps},
};
use std::borrow::Cow;

/// Visits every entry `k` of the indices (an array of shape `at`) with the place it points to in an array
/// of shape `x`: its own, but for `axis`, where the index counts.
pub(super) fn for_each(
    x: &[usize],
    axis: usize,
    at: &[usize],
    indices: &[usize],
    mut visit: impl FnMut(usize, usize),
) {
    let steps = steps(x);
    let step = |(a, &n): (usize, &usize)| (n, if a == axis { 0 } else { steps[a] });
    let axes = at.iter().enumerate().map(step).collect();
    let mut k = 0;
    Places { shape: at.into(), start: 0, axes }.for_each(|place| {
        visit(k, place + indices[k] * steps[axis] as usize);
        k += 1;
    });
}

/// Do the recorded indices, an array of shape `at`, point into an array of shape `x`?
pub(super) fn check<T: Real>(
    inputs: Inputs<'_, T>,
    x: &[usize],
    axis: usize,
    at: &[usize],
) -> Result<(), Misfit> {
    let Some(&n) = x.get(axis) else {
        return Err(Misfit::new(
            format!("there is no axis {axis} among {}", x.len()),
            "axes count from 0, or from −1 backwards",
        ));
    };
    let within = at.len() == x.len() && (0..x.len()).all(|a| a == axis || at[a] <= x[a]);
    if !within || at.iter().product::<usize>() != inputs.indices().len() {
        return Err(Misfit::new(
            format!("the indices are {at:?}; but for axis {axis} they must not reach beyond it"),
            "give indices with as many axes, none longer",
        ));
    }
    in_range(inputs, n)
}

/// Are the recorded indices below `n`?
pub(super) fn in_range<T: Real>(inputs: Inputs<'_, T>, n: usize) -> Result<(), Misfit> {
    match inputs.indices().iter().find(|&&i| i >= n) {
        Some(wrong) => {
            Err(Misfit::new(format!("there is no index {wrong} among {n}"), "indices count from 0"))
        }
        None => Ok(()),
    }
}

/// The shape of an array of indices, and its elements in order: where they stand, if that is how they stand.
pub(super) fn parts<S, D>(indices: &ndarray::ArrayBase<S, D>) -> (Shape, Cow<'_, [usize]>)
where
    S: ndarray::Data<Elem = usize>,
    D: ndarray::Dimension,
{
    let elements = indices.as_slice().map_or_else(|| indices.iter().copied().collect(), Cow::from);
    (indices.shape().into(), elements)
}
