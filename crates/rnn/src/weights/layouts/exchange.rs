//! Whole or not at all, under other names.

use crate::{
    Error, ParamStore, Result,
    weights::{Archive, LoadOptions},
};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use tape::{ParamId, Real};

/// Arrays under another framework's names.
pub(super) type Arrays<T> = BTreeMap<String, ArrayD<T>>;

/// New values of parameters.
pub(super) type Values<T> = Vec<(ParamId, ArrayD<T>)>;

/// Adds the arrays under a prefix: all, or none if a name is taken.
pub(super) fn give<T: Real>(
    arrays: Arrays<T>,
    prefix: &str,
    archive: &mut Archive<T>,
) -> Result<()> {
    let taken = arrays.keys().map(|name| format!("{prefix}{name}"));
    if let Some(name) = taken.into_iter().find(|name| archive.get(name).is_some()) {
        return Err(Error::NameTaken { name });
    }
    arrays
        .into_iter()
        .try_for_each(|(name, array)| archive.insert(format!("{prefix}{name}"), array))
}

/// The arrays of a file under a prefix, once they are seen to have the names and shapes of what the model itself
/// would write, and to be finite unless the options say otherwise.
pub(super) fn receive<T: Real>(
    archive: &Archive<T>,
    options: &LoadOptions,
    expected: &Arrays<T>,
) -> Result<Arrays<T>> {
    let prefix = &options.prefix;
    let found: Arrays<T> =
        archive.with_prefix(prefix).map(|(name, array)| (name.into(), array.clone())).collect();
    let only_in = |a: &Arrays<T>, b: &Arrays<T>| -> Vec<String> {
        a.keys()
            .filter(|name| !b.contains_key(*name))
            .map(|name| format!("{prefix}{name}"))
            .collect()
    };
    let (missing, surplus) = (only_in(expected, &found), only_in(&found, expected));
    if !missing.is_empty() || !surplus.is_empty() {
        return Err(Error::WeightNames { missing, surplus });
    }
    for ((name, found), expected) in found.iter().zip(expected.values()) {
        if found.shape() != expected.shape() {
            return Err(Error::WeightShape {
                name: format!("{prefix}{name}"),
                found: found.shape().into(),
                expected: expected.shape().into(),
            });
        }
    }
    let diverged = found.iter().filter(|(_, array)| array.iter().any(|x| !x.is_finite()));
    let names: Vec<_> = diverged.map(|(name, _)| format!("{prefix}{name}")).collect();
    if !options.non_finite && !names.is_empty() {
        return Err(Error::NonFiniteWeights { names });
    }
    Ok(found)
}

/// Writes the values.
pub(super) fn assign<T: Real>(store: &mut ParamStore<T>, values: Values<T>) {
    for (id, value) in values {
        store.get_mut(id).assign(&value);
    }
}
