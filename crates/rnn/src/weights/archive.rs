//! Named arrays and notes, in one file.

use super::{Stored, format, replace::replace};
use crate::{Error, Result};
use ndarray::ArrayD;
use std::{collections::BTreeMap, fs, io, path::Path};
use tape::Real;

/// Notes that travel with arrays.
pub type Metadata = BTreeMap<String, String>;

/// What one file holds: arrays by name, and notes by key.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive<T: Real> {
    pub(super) arrays: BTreeMap<String, ArrayD<T>>,
    /// The notes.
    pub metadata: Metadata,
}

impl<T: Real> Default for Archive<T> {
    fn default() -> Self {
        Self { arrays: BTreeMap::new(), metadata: Metadata::new() }
    }
}

impl<T: Real> Archive<T> {
    /// An archive of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array.
    ///
    /// # Errors
    /// [`Error::NameTaken`] when there is one of that name, [`Error::Data`] when the name is `__metadata__`, which the
    /// format has taken for itself.
    pub fn insert(&mut self, name: impl Into<String>, array: ArrayD<T>) -> Result<()> {
        let name = name.into();
        if name == format::METADATA {
            return Err(Error::Data {
                what: format!("an array called {name:?}"),
                rule: "the file format keeps this name for its notes".into(),
                remedy: "give the array another name, for example with a prefix",
            });
        }
        if self.arrays.contains_key(&name) {
            return Err(Error::NameTaken { name });
        }
        self.arrays.insert(name, array);
        Ok(())
    }

    /// The array of that name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<T>> {
        self.arrays.get(name)
    }

    /// All arrays, by name in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayD<T>)> {
        self.with_prefix("")
    }

    /// The arrays whose names begin with the prefix, each by the rest of its name.
    pub fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &ArrayD<T>)> {
        self.arrays
            .iter()
            .filter_map(move |(name, array)| Some((name.strip_prefix(prefix)?, array)))
    }
}

impl<T: Stored> Archive<T> {
    /// Writes the file: beside the one of that name, if there is one, and then in its place.
    ///
    /// # Errors
    /// [`Error::WeightsUnwritable`] when the system refuses. A file that was there is still there then.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        replace(path, &format::encode(self))
            .map_err(|source| Error::WeightsUnwritable { path: path.into(), source })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::WeightsMissing`], [`Error::WeightsUnreadable`] when there is no file to be had;
    /// [`Error::WeightsDamaged`] when it is cut short, [`Error::NotWeights`] when it is of another format, and
    /// [`Error::WeightType`] when it holds numbers other than `T`.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::WeightsMissing { path: path.into() },
            _ => Error::WeightsUnreadable { path: path.into(), source },
        })?;
        format::decode(&bytes, path)
    }
}
