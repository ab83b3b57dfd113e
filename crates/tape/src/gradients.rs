//! What a sweep leaves behind.

use crate::{
    Error, ParamId, Real, Result, Var, buffer::Buffer, error::or_panic, pool::SharedPool,
    shape::Shape,
};
use ndarray::ArrayD;
use smallvec::SmallVec;
use std::ops::Index;

/// `∂L/∂v` for every leaf, every parameter and every watched variable `v`.
///
/// Indexed by [`Var`] and by [`ParamId`]. A leaf on which `L` does not depend has a gradient of zeros. Dropped,
/// its memory returns to the tape, so that a training loop allocates none.
#[derive(Debug)]
pub struct Gradients<T: Real> {
    pub(crate) kept: Kept<T>,
    pub(crate) pool: SharedPool<T>,
    /// The first serial number that the sweep did not see.
    pub(crate) end: u64,
}

/// The arrays, and how they are found.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    arrays: Vec<ArrayD<T>>,
    /// Serial numbers of variables, falling, with the place of their array.
    vars: Vec<(u64, usize)>,
    /// Parameters, rising. (A map would allocate even when empty.)
    params: Vec<(ParamId, ParamGradient)>,
}

#[derive(Debug, Clone, Copy)]
struct ParamGradient {
    at: usize,
    version: u64,
    reached: bool,
}

impl ParamGradient {
    /// Two sweeps add up: the newer version, and reached by either.
    fn merge(&mut self, version: u64, reached: bool) {
        self.version = self.version.max(version);
        self.reached |= reached;
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { arrays: Vec::new(), vars: Vec::new(), params: Vec::new() }
    }
}

impl<T> Kept<T> {
    /// Its memory alone.
    pub(crate) fn emptied(mut self) -> Self {
        self.arrays.clear();
        self.vars.clear();
        self.params.clear();
        self
    }
}

impl<T: Real> Kept<T> {
    /// Keeps a gradient. Called with falling serial numbers.
    pub(crate) fn keep(&mut self, id: u64, shape: &Shape, elements: Buffer<T>) {
        self.vars.push((id, self.arrays.len()));
        self.arrays.push(elements.into_array(shape));
    }

    /// Keeps the gradient of a leaf that stands for a parameter; `Err` returns the memory when the
    /// parameter has had another leaf, to whose gradient it was added.
    pub(crate) fn keep_param(
        &mut self,
        id: u64,
        (param, version): (ParamId, u64),
        reached: bool,
        shape: &Shape,
        elements: Buffer<T>,
    ) -> Result<(), Buffer<T>> {
        match self.place(param) {
            Ok(place) => {
                let known = &mut self.params[place].1;
                known.reached |= reached;
                self.vars.push((id, known.at));
                for (sum, &term) in self.arrays[known.at].iter_mut().zip(&*elements) {
                    *sum += term;
                }
                Err(elements)
            }
            Err(place) => {
                let at = self.arrays.len();
                self.params.insert(place, (param, ParamGradient { at, version, reached }));
                self.keep(id, shape, elements);
                Ok(())
            }
        }
    }

    /// Takes out the gradients of the variables before `mark`: serial numbers, falling, and arrays.
    pub(crate) fn split(&mut self, mark: u64) -> SmallVec<[(u64, ArrayD<T>); 4]> {
        let first = self.vars.partition_point(|(id, _)| *id >= mark);
        let at = self.vars.get(first).map_or(self.arrays.len(), |(_, at)| *at);
        let ids = self.vars.drain(first..).map(|(id, _)| id);
        let before = ids.zip(self.arrays.drain(at..)).collect();
        self.params.retain(|(_, known)| known.at < at);
        before
    }

    /// Has a gradient of this parameter been kept?
    pub(crate) fn has(&self, id: ParamId) -> bool {
        self.place(id).is_ok()
    }

    /// Where a parameter stands, or where it would.
    fn place(&self, id: ParamId) -> Result<usize, usize> {
        self.params.binary_search_by_key(&id, |(known, _)| *known)
    }

    fn param(&self, id: ParamId) -> Option<&ParamGradient> {
        Some(&self.params[self.place(id).ok()?].1)
    }

    fn at(&self, id: u64) -> Option<usize> {
        let at = self.vars.binary_search_by(|(known, _)| id.cmp(known)).ok()?;
        Some(self.vars[at].1)
    }
}

impl<T: Real> Gradients<T> {
    /// The gradient of `var`.
    pub fn get(&self, var: Var<'_, T>) -> Result<&ArrayD<T>> {
        if !self.pool.is(&var.tape.pool) {
            return Err(Error::Foreign { what: "gradient", node: var.id });
        }
        let why = if var.id >= self.end {
            "it was recorded after the sweep; sweep again"
        } else {
            "it is neither a leaf nor watched, or a cut had released it; call `var.watch()` before the sweep"
        };
        let at = self.kept.at(var.id).ok_or_else(|| Error::NoGradient {
            node: var.id,
            label: var.name(),
            why,
        })?;
        Ok(&self.kept.arrays[at])
    }

    /// The gradient of a parameter, if the tape has used it.
    pub fn param(&self, id: ParamId) -> Option<&ArrayD<T>> {
        Some(&self.kept.arrays[self.kept.param(id)?.at])
    }

    /// The same, to be changed: to clip it, to scale it, to add to it.
    pub fn param_mut(&mut self, id: ParamId) -> Option<&mut ArrayD<T>> {
        let at = self.kept.param(id)?.at;
        Some(&mut self.kept.arrays[at])
    }

    /// Which version of the parameter the gradient belongs to: see [`Param::version`](crate::Param).
    ///
    /// If the tape read several, the newest: their gradients are added up.
    pub fn version(&self, id: ParamId) -> Option<u64> {
        Some(self.kept.param(id)?.version)
    }

    /// Was the parameter bound to the tape, but without any path to what was swept?
    pub fn is_unused(&self, id: ParamId) -> bool {
        self.kept.param(id).is_none_or(|known| !known.reached)
    }

    /// All parameters and their gradients, in an order that depends on nothing but their ids.
    pub fn params(&self) -> impl Iterator<Item = (ParamId, &ArrayD<T>)> {
        self.kept.params.iter().map(|(id, known)| (*id, &self.kept.arrays[known.at]))
    }

    /// Visits all parameters' gradients in the order of [`params`](Gradients::params), to change them.
    pub fn for_each_param_mut(&mut self, mut change: impl FnMut(ParamId, &mut ArrayD<T>)) {
        for (id, known) in &self.kept.params {
            change(*id, &mut self.kept.arrays[known.at]);
        }
    }

    /// Adds the parameters' gradients of another sweep: `ḡ += other`.
    ///
    /// A parameter that only `other` has is taken over.
    pub fn accumulate(&mut self, other: &Self) {
        for &(id, theirs) in &other.kept.params {
            let term = &other.kept.arrays[theirs.at];
            match self.kept.place(id) {
                Ok(place) => {
                    let ours = &mut self.kept.params[place].1;
                    ours.merge(theirs.version, theirs.reached);
                    self.kept.arrays[ours.at].zip_mut_with(term, |sum, &term| *sum += term);
                }
                Err(place) => self.begin(place, id, term.shape(), theirs).assign(term),
            }
        }
    }

    /// Takes note of what another sweep, perhaps on another thread, says of a parameter, as
    /// [`accumulate`](Gradients::accumulate) does, but adds no numbers: the version becomes the newer of the two, and the
    /// parameter is used if it is in either. One that this sweep has not met gets a gradient of zeros.
    ///
    /// ```
    /// use tape::{ParamId, Tape};
    ///
    /// let tape = Tape::<f64>::new();
    /// let mut gradients = tape.backward(tape.leaf(1.0));
    /// let id = ParamId::default();
    /// gradients.admit(id, &[2], 3, true);
    /// assert_eq!(gradients[id], ndarray::arr1(&[0.0, 0.0]).into_dyn());
    /// assert_eq!((gradients.version(id), gradients.is_unused(id)), (Some(3), false));
    /// gradients.admit(id, &[2], 1, false);
    /// assert_eq!((gradients.version(id), gradients.is_unused(id)), (Some(3), false));
    /// ```
    pub fn admit(&mut self, id: ParamId, shape: &[usize], version: u64, used: bool) {
        match self.kept.place(id) {
            Ok(place) => self.kept.params[place].1.merge(version, used),
            Err(place) => {
                let theirs = ParamGradient { at: 0, version, reached: used };
                self.begin(place, id, shape, theirs).fill(T::ZERO);
            }
        }
    }

    /// A gradient of any numbers for a parameter that has none yet, in memory from the tape.
    fn begin(
        &mut self,
        place: usize,
        id: ParamId,
        shape: &[usize],
        known: ParamGradient,
    ) -> &mut ArrayD<T> {
        let at = self.kept.arrays.len();
        let elements = self.pool.lock().take(shape.iter().product());
        self.kept.arrays.push(elements.into_array(shape));
        self.kept.params.insert(place, (id, ParamGradient { at, ..known }));
        &mut self.kept.arrays[at]
    }
}

impl<T: Real> Index<Var<'_, T>> for Gradients<T> {
    type Output = ArrayD<T>;

    /// # Panics
    /// Where [`get`](Gradients::get) gives an error.
    #[track_caller]
    fn index(&self, var: Var<'_, T>) -> &ArrayD<T> {
        or_panic(self.get(var))
    }
}

impl<T: Real> Index<ParamId> for Gradients<T> {
    type Output = ArrayD<T>;

    /// # Panics
    /// When the tape has not used the parameter.
    #[track_caller]
    fn index(&self, id: ParamId) -> &ArrayD<T> {
        match self.param(id) {
            Some(array) => array,
            None => panic!(
                "no gradient for {id:?}: the parameter was not bound to the tape that was swept"
            ),
        }
    }
}

impl<T: Real> Drop for Gradients<T> {
    fn drop(&mut self) {
        let mut kept = std::mem::take(&mut self.kept);
        let mut pool = self.pool.lock();
        for array in kept.arrays.drain(..) {
            pool.give_memory(array.into_raw_vec_and_offset().0);
        }
        kept.vars.clear();
        kept.params.clear();
        // Of gradients that were handed on, nothing is left to be used again.
        if kept.arrays.capacity() > 0 {
            pool.kept.push(kept);
        }
    }
}
