//! The tape: what is put on it, and what is computed from that.

use crate::{
    Error, Param, ParamId, Real, Result, Value, Var,
    kernel::Scratch,
    node::{Kind, Node, Place},
    pool::SharedPool,
    record::Record,
    shape::{self, Shape},
};
use slotmap::SecondaryMap;
use std::{
    cell::{Cell, RefCell},
    panic::Location,
    sync::Arc,
};

/// Remembers a computation so that its adjoints can be swept back.
///
/// Values stand in one arena in the order of their making. [`clear`](Tape::clear) forgets them and keeps the
/// memory: a loop that records the same steps again allocates nothing.
#[derive(Debug)]
pub struct Tape<T: Real> {
    pub(crate) record: RefCell<Record<T>>,
    /// The leaf that stands for each parameter at present.
    pub(crate) bound: RefCell<SecondaryMap<ParamId, u64>>,
    pub(crate) scratch: RefCell<Scratch<T>>,
    /// Memory for sweeps; also what tells this tape from any other.
    pub(crate) pool: SharedPool<T>,
    /// How many pauses are under way: see [`no_grad`](Tape::no_grad).
    pub(crate) pauses: Cell<usize>,
    /// Where checkpointed segments are recorded, while nobody is recording there.
    pub(crate) inner: RefCell<Option<Box<Self>>>,
}

impl<T: Real> Default for Tape<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            record: RefCell::new(Record::new()),
            bound: RefCell::default(),
            scratch: RefCell::default(),
            pool: SharedPool::default(),
            pauses: Cell::new(0),
            inner: RefCell::new(None),
        }
    }

    /// Puts a value on the tape whose gradient is wanted.
    #[track_caller]
    pub fn leaf(&self, value: impl Value<T>) -> Var<'_, T> {
        self.put(value, Kind::Leaf, Location::caller())
    }

    /// Puts a value on the tape through which no gradient flows.
    #[track_caller]
    pub fn constant(&self, value: impl Value<T>) -> Var<'_, T> {
        self.put(value, Kind::Constant, Location::caller())
    }

    /// The leaf that stands for `param`: its elements are read where they are, not copied
    /// (unless they stand in another layout than the standard one).
    ///
    /// Asked again for the same parameter, the tape gives the same leaf, until the parameter has been written:
    /// then a new leaf with the new elements, while what is recorded keeps the old.
    #[track_caller]
    pub fn param(&self, param: &Param<T>) -> Var<'_, T> {
        let mut record = self.record.borrow_mut();
        let mut bound = self.bound.borrow_mut();
        if let Some(&id) = bound.get(param.id)
            && let Some(Node { place: Place::Param { array, .. }, .. }) = record.get(id)
            && Arc::ptr_eq(array, &param.value)
        {
            return Var { tape: self, id };
        }
        // Whoever wrote the parameter may have put an array of another layout in its place.
        let array = if param.value.is_standard_layout() {
            Arc::clone(&param.value)
        } else {
            Arc::new(param.value.as_standard_layout().into_owned())
        };
        let shape = Shape::from_slice(array.shape());
        let mut node = record.node(Kind::Param(param.id), &shape, Location::caller());
        node.place = Place::Param { array, version: param.version };
        let id = record.push(node);
        bound.insert(param.id, id);
        let strict = record.strict;
        drop((record, bound));
        if strict {
            self.insist_finite(id);
        }
        Var { tape: self, id }
    }

    /// An array of zeros through which no gradient flows.
    ///
    /// # Panics
    /// When the shape has more elements than can be counted.
    #[track_caller]
    pub fn zeros(&self, shape: &[usize]) -> Var<'_, T> {
        assert!(
            shape::checked_len(shape).is_some(),
            "zeros of shape {shape:?}: more elements than can be counted; use smaller axes"
        );
        self.put(Zeros(shape), Kind::Constant, Location::caller())
    }

    #[track_caller]
    fn put(
        &self,
        value: impl Value<T>,
        kind: Kind<T>,
        site: &'static Location<'static>,
    ) -> Var<'_, T> {
        let mut record = self.record.borrow_mut();
        let mut node = record.node(kind, &value.shape(), site);
        if let Some(array) = value.shared().filter(|array| array.is_standard_layout()) {
            node.place = Place::Param { array: Arc::clone(array), version: 0 };
        } else {
            node.place = Place::Arena(record.values.end());
            value.write(record.values.extend(node.len).1);
        }
        let id = record.push(node);
        let strict = record.strict;
        drop(record);
        if strict {
            self.insist_finite(id);
        }
        Var { tape: self, id }
    }

    /// Forgets everything and keeps the memory. No [`Var`] survives it; the compiler sees to that.
    ///
    /// # Panics
    /// When a [strict](Tape::set_strict) tape has [grown](Tape::growth).
    #[track_caller]
    pub fn clear(&mut self) {
        self.close_window();
        self.record.get_mut().clear(&mut self.pool.lock());
        self.bound.get_mut().clear();
    }

    /// How many nodes are on the tape, released ones not counted.
    pub fn len(&self) -> usize {
        self.record.borrow().population()
    }

    /// Is nothing recorded?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes the nodes and values on the tape take, parameters' own arrays not counted.
    pub fn bytes(&self) -> usize {
        self.record.borrow().bytes()
    }

    /// The node of `var`, when it is on this tape and has not been released.
    #[inline]
    pub(crate) fn check<'r>(
        &self,
        record: &'r Record<T>,
        var: &Var<'_, T>,
        what: impl FnOnce() -> &'static str,
    ) -> Result<&'r Node<T>> {
        // What a cut kept for later nodes to read has become a constant without a name.
        match record.get(var.id) {
            Some(node)
                if std::ptr::eq(self, var.tape)
                    && !matches!(node.place, Place::Kept(_))
                    && !node.is_spent() =>
            {
                Ok(node)
            }
            _ => Err(self.refuse(record, var, what())),
        }
    }

    #[cold]
    fn refuse(&self, record: &Record<T>, var: &Var<'_, T>, what: &'static str) -> Error {
        if !std::ptr::eq(self, var.tape) {
            Error::Foreign { what, node: var.id }
        } else if record.get(var.id).is_some_and(Node::is_spent) {
            Error::LetGo { what, node: var.id }
        } else {
            Error::Stale { what, node: var.id, cut: record.cuts, site: record.last_cut }
        }
    }
}

/// Zeros of a shape, written straight into the arena.
struct Zeros<'s>(&'s [usize]);

impl<T: Real> Value<T> for Zeros<'_> {
    fn shape(&self) -> Shape {
        self.0.into()
    }
    fn write(&self, out: &mut [T]) {
        out.fill(T::ZERO);
    }
}
