//! What an optimizer remembers, as an archive keeps it.
//!
//! ```text
//!   optimizer.kind = adam        optimizer.beta1 = 0.9        optimizer.steps.w = 17        notes
//!   optimizer.m.w  [in, out]     optimizer.v.w  [in, out]                                   arrays
//! ```

use crate::{
    Error, ParamStore, Result,
    weights::{Archive, fits},
};
use ndarray::ArrayD;
use slotmap::SecondaryMap;
use std::str::FromStr;
use tape::{ParamId, Real};

/// The part of an archive that belongs to an optimizer.
#[derive(Debug)]
pub(super) struct State<'a, T: Real> {
    archive: &'a Archive<T>,
    prefix: &'a str,
}

impl<'a, T: Real> State<'a, T> {
    /// Notes the kind of optimizer and its settings. A number is written with the digits that bring back its bits.
    pub(super) fn put(
        archive: &mut Archive<T>,
        prefix: &str,
        kind: &str,
        settings: &[(&str, f64)],
    ) {
        archive.metadata.insert(format!("{prefix}kind"), kind.into());
        for (name, value) in settings {
            archive.metadata.insert(format!("{prefix}{name}"), value.to_string());
        }
    }

    pub(super) fn open(archive: &'a Archive<T>, prefix: &'a str, kind: &str) -> Result<Self> {
        let state = Self { archive, prefix };
        match state.note("kind")? {
            found if found == kind => Ok(state),
            found => Err(Error::Data {
                what: format!("the optimizer state under {prefix:?}"),
                rule: format!("it was saved by {found:?} and cannot be continued by {kind:?}"),
                remedy: "restore it into an optimizer of the kind that saved it",
            }),
        }
    }

    fn note(&self, name: &str) -> Result<&'a str> {
        let note = self.archive.metadata.get(&format!("{}{name}", self.prefix));
        self.complete(note.is_some(), name)?;
        Ok(note.map_or("", String::as_str))
    }

    /// An error unless what is called `name` is there.
    pub(super) fn complete(&self, there: bool, name: &str) -> Result<()> {
        if there {
            return Ok(());
        }
        Err(Error::Data {
            what: format!("the optimizer state under {:?}", self.prefix),
            rule: format!("{name:?} is missing"),
            remedy: "name the prefix that it was saved under, and a file that has it",
        })
    }

    /// A number among the notes.
    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<N> {
        let note = self.note(name)?;
        note.parse().map_err(|_| Error::Data {
            what: format!("the optimizer state under {:?}", self.prefix),
            rule: format!("{name:?} is {note:?}, which is not the number it should be"),
            remedy: "the file was altered; take another",
        })
    }

    /// The arrays called like a parameter, after the group.
    pub(super) fn arrays(
        &self,
        group: &str,
        store: &ParamStore<T>,
    ) -> Result<SecondaryMap<ParamId, ArrayD<T>>> {
        let (found, surplus) = self.archive.by_param(&format!("{}{group}", self.prefix), store);
        if !surplus.is_empty() {
            return Err(Error::WeightNames { missing: Vec::new(), surplus });
        }
        let mut arrays = SecondaryMap::new();
        for (id, array) in found {
            fits(store, id, array)?;
            arrays.insert(id, array.clone());
        }
        Ok(arrays)
    }
}
