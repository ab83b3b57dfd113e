//! What is said of parameters and their gradients.

use std::fmt::{Formatter, Result};
use tape::ParamId;

pub(super) fn name_taken(name: &str, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "a parameter called {name:?} exists already; give each its own name, for example with a prefix"
    )
}

pub(super) fn gradient_not_finite(
    id: &ParamId,
    at: &[usize],
    value: &f64,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "the gradient of parameter {id:?} is {value} at {at:?}; nothing was clipped; leave out \
         this update and lower the learning rate, or look for the op that made it \
         (`ParamStore::name` tells which parameter this is)"
    )
}

pub(super) fn gradient_too_long(longest: &ParamId, max: &f64, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "the gradients together are longer than the largest number, {:e}, though each \
         component is finite (the largest, {max:e}, is of parameter {longest:?}); nothing was \
         clipped; leave out this update and lower the learning rate",
        f64::MAX
    )
}

pub(super) fn gradient_stale(
    name: &str,
    gradient: &u64,
    parameter: &u64,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "the gradient of {name:?} belongs to version {gradient} of the parameter, which has \
         since been written (version {parameter}); nothing was updated; run forward and \
         backward again after every write, or say `allow_stale(true)` if the old gradient is \
         what you mean"
    )
}
