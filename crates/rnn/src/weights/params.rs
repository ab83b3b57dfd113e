//! Parameters into an archive and back.

use super::Archive;
use crate::{Error, ParamStore, Result};
use ndarray::ArrayD;
use tape::{ParamId, Real};

/// What to load, and in spite of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Only arrays whose names begin with it are meant, by the rest of their names. Empty: all are.
    pub prefix: String,
    /// Load infinities and NaN like any other number.
    pub non_finite: bool,
}

impl LoadOptions {
    /// Loads the arrays whose names begin with the prefix.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..Self::default() }
    }

    /// Whether infinities and NaN are loaded like any other number, instead of refused.
    pub fn non_finite(self, non_finite: bool) -> Self {
        Self { non_finite, ..self }
    }
}

impl<T: Real> Archive<T> {
    /// Adds every parameter of the store, under the prefix and its name.
    ///
    /// # Errors
    /// Those of [`insert`](Archive::insert).
    pub fn put_params(&mut self, prefix: &str, store: &ParamStore<T>) -> Result<()> {
        for (_, name, value) in store.iter() {
            self.insert(format!("{prefix}{name}"), value.clone())?;
        }
        Ok(())
    }

    /// Writes every parameter of the store from the array under the prefix and its name. All must be there, all be
    /// of the right shape, and none be left over under the prefix.
    ///
    /// # Errors
    /// [`Error::WeightNames`], [`Error::WeightShape`], and [`Error::NonFiniteWeights`] unless the options say
    /// otherwise. The store is then as it was.
    pub fn restore_params(&self, store: &mut ParamStore<T>, options: &LoadOptions) -> Result<()> {
        let prefix = &options.prefix;
        let missing: Vec<_> = (store.iter().map(|(_, name, _)| format!("{prefix}{name}")))
            .filter(|name| self.get(name).is_none())
            .collect();
        let (found, surplus) = self.by_param(prefix, store);
        if !missing.is_empty() || !surplus.is_empty() {
            return Err(Error::WeightNames { missing, surplus });
        }
        let mut not_finite = Vec::new();
        for &(id, array) in &found {
            fits(store, id, array)?;
            if !options.non_finite && array.iter().any(|x| !x.is_finite()) {
                not_finite.push(store.name(id).to_owned());
            }
        }
        if !not_finite.is_empty() {
            return Err(Error::NonFiniteWeights { names: not_finite });
        }
        for (id, array) in found {
            store.get_mut(id).assign(array);
        }
        Ok(())
    }

    /// The arrays under the prefix that are called like a parameter, and the names of those that are not.
    pub(crate) fn by_param(
        &self,
        prefix: &str,
        store: &ParamStore<T>,
    ) -> (Vec<(ParamId, &ArrayD<T>)>, Vec<String>) {
        let (mut found, mut surplus) = (Vec::new(), Vec::new());
        for (name, array) in self.with_prefix(prefix) {
            match store.find(name) {
                Some(id) => found.push((id, array)),
                None => surplus.push(format!("{prefix}{name}")),
            }
        }
        (found, surplus)
    }
}

/// Is the array of the shape of the parameter?
pub(crate) fn fits<T: Real>(store: &ParamStore<T>, id: ParamId, array: &ArrayD<T>) -> Result<()> {
    let expected = store.get(id).shape();
    if array.shape() == expected {
        return Ok(());
    }
    Err(Error::WeightShape {
        name: store.name(id).into(),
        found: array.shape().into(),
        expected: expected.into(),
    })
}
