//! Where the parameters live: by name, by key, and longer than any tape.

use crate::{Bound, Error, Result};
use ndarray::ArrayD;
use slotmap::SlotMap;
use std::sync::Arc;
use tape::{Param, ParamId, Real, Tape};

/// All parameters of a model.
///
/// A [`ParamId`] stays valid however many parameters come and go, and a stale one is recognised; gradients and
/// optimizer moments are kept under the same key. A tape reads the arrays where they stand:
///
/// ```
/// use rnn::ParamStore;
/// use tape::Tape;
///
/// let mut store = ParamStore::<f64>::new();
/// let w = store.add("w", ndarray::arr1(&[2.0, 3.0]).into_dyn())?;
/// let tape = Tape::new();
/// let loss = store.bind(&tape).var(w).square().sum();
/// assert_eq!(tape.backward(loss)[w], ndarray::arr1(&[4.0, 6.0]).into_dyn());
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ParamStore<T: Real> {
    params: SlotMap<ParamId, Named<T>>,
}

#[derive(Debug, Clone)]
struct Named<T> {
    name: String,
    param: Param<T>,
}

impl<T: Real> ParamStore<T> {
    /// A store without parameters.
    pub fn new() -> Self {
        Self { params: SlotMap::with_key() }
    }

    /// Adds a parameter under a name that no other has.
    pub fn add(&mut self, name: impl Into<String>, value: ArrayD<T>) -> Result<ParamId> {
        let name = name.into();
        if self.find(&name).is_some() {
            return Err(Error::NameTaken { name });
        }
        Ok(self.params.insert_with_key(|id| Named { name, param: Param::new(id, value) }))
    }

    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.params.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// How many numbers they hold together.
    pub fn elements(&self) -> usize {
        self.iter().map(|(_, _, value)| value.len()).sum()
    }

    /// The parameter called `name`.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.params.iter().find(|(_, named)| named.name == name).map(|(id, _)| id)
    }

    /// What the parameter is called.
    ///
    /// # Panics
    /// When `id` is of another store.
    #[track_caller]
    pub fn name(&self, id: ParamId) -> &str {
        &self.named(id).name
    }

    /// The parameter's array.
    ///
    /// # Panics
    /// When `id` is of another store.
    #[track_caller]
    pub fn get(&self, id: ParamId) -> &ArrayD<T> {
        &self.named(id).param.value
    }

    /// The parameter's array, to be written: in place when no tape reads it, else on a copy, so that what a
    /// tape has recorded stays what it was.
    ///
    /// # Panics
    /// When `id` is of another store.
    #[track_caller]
    pub fn get_mut(&mut self, id: ParamId) -> &mut ArrayD<T> {
        match self.params.get_mut(id) {
            Some(Named { param, .. }) => {
                param.version += 1;
                Arc::make_mut(&mut param.value)
            }
            None => foreign(id),
        }
    }

    /// How often the parameter has been written.
    ///
    /// # Panics
    /// When `id` is of another store.
    #[track_caller]
    pub fn version(&self, id: ParamId) -> u64 {
        self.named(id).param.version
    }

    /// All parameters: key, name and array, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (ParamId, &str, &ArrayD<T>)> {
        self.params.iter().map(|(id, named)| (id, named.name.as_str(), &*named.param.value))
    }

    /// All keys, in the order in which the parameters were added.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> {
        self.params.keys()
    }

    /// The parameters as seen from `tape`.
    pub fn bind<'t>(&self, tape: &'t Tape<T>) -> Bound<'t, '_, T> {
        Bound::new(tape, self)
    }

    /// The parameter as a tape reads it.
    #[track_caller]
    pub(crate) fn param(&self, id: ParamId) -> &Param<T> {
        &self.named(id).param
    }

    #[track_caller]
    fn named(&self, id: ParamId) -> &Named<T> {
        match self.params.get(id) {
            Some(named) => named,
            None => foreign(id),
        }
    }
}

#[track_caller]
fn foreign(id: ParamId) -> ! {
    panic!("{id:?} is no parameter of this store: use the ids that its `add` returned")
}
