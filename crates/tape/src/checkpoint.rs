//! Checkpoints: compute twice, remember less.
//!
//! ```text
//! record    y = segment(x)         x and y stay, what lies between is forgotten
//! sweep     record the segment again from x, then x̄ += ȳ ∂y/∂x through it
//! ```
//!
//! A sequence of `T` steps in `√T` segments needs the memory of `2√T` steps, for one forward pass more
//! (A. Griewank, 1992; for networks T. Chen et al., 2016).
//!
//! The gradients have the bits they would have without. A sum of floating-point numbers depends on its order, so the
//! segment must not sum on its own and hand over a total: its sweep goes on with the very sums that the outer sweep
//! has begun, rows that wait for their product included, and hands them back.

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Param, ParamId, Real, Result, Shape, Tape, Var,
    error::or_panic,
    gather::Gather,
    gradients::Kept,
    lookup::Lookup,
    node::{Kind, Node, Place},
    running::Running,
    sweep::Sweep,
};
use smallvec::SmallVec;
use std::{fmt, mem::swap, panic::Location, sync::Arc};

/// What a segment computes. It must do the same at every call.
type Run<T> = dyn for<'a> Fn(&'a Tape<T>, &[Var<'a, T>]) -> Var<'a, T> + Send;

/// A segment that can be recorded again.
pub(crate) struct Segment<T: Real> {
    run: Box<Run<T>>,
    /// How many of the node's edges are inputs; the others are parameters that it binds itself.
    inputs: usize,
}

/// The segments of a tape, by rising serial number of their node.
pub(crate) struct Segments<T: Real>(Vec<(u64, Segment<T>)>);

impl<T: Real> Default for Segments<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Real> fmt::Debug for Segments<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl<T: Real> Segments<T> {
    #[inline]
    pub(crate) fn get(&self, id: u64) -> Option<&Segment<T>> {
        let at = self.0.binary_search_by_key(&id, |s| s.0).ok()?;
        Some(&self.0[at].1)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Drops the segments of what was released.
    pub(crate) fn release(&mut self, front: u64) {
        self.0.drain(..self.0.partition_point(|(id, _)| *id < front));
    }
}

/// What stands on a tape for a segment. The sweep never asks it: it sweeps the segment.
#[derive(Debug, Clone, Copy)]
struct Checkpoint;

impl<T: Real> Op<T> for Checkpoint {
    fn shape(&self, _: Inputs<'_, T>) -> Result<Shape, Misfit> {
        Err(Misfit::new("it stands for a segment", "record it by `Tape::checkpoint`"))
    }
    fn forward(&self, _: Inputs<'_, T>, _: &mut [T], _: &mut [T]) {}
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, _: &[T], _: Adjoint<'_, T>) {}
}

/// Inputs and parameters of a segment, which are as a rule few enough to stay off the heap.
type Few<A> = SmallVec<[A; 8]>;

/// A segment on the inner tape.
struct Replay {
    /// The output.
    y: u64,
    /// Nodes of the outer tape, and what stands for them.
    leaves: Few<(u64, u64)>,
    /// Parameters that are none of these: id, version, node.
    params: Few<(ParamId, u64, u64)>,
}

impl Replay {
    fn record<T: Real>(
        inner: &Tape<T>,
        outer: Lookup<'_, T>,
        inputs: &[u64],
        run: &Run<T>,
    ) -> Result<Self> {
        let mut leaves = Few::<(u64, u64)>::new();
        let mut vars = Few::new();
        for &input in inputs {
            // One variable given twice is one variable inside, too.
            let id = leaves.iter().find(|(known, _)| *known == input).map(|(_, id)| *id);
            let id = id.unwrap_or_else(|| {
                let id = inner.stand_in(outer, input);
                leaves.push((input, id));
                id
            });
            vars.push(Var { tape: inner, id });
        }
        let y = run(inner, &vars);
        let record = inner.record.borrow();
        inner.check(&record, &y, || "the output of a checkpoint's segment")?;
        let mut params = Few::new();
        for id in record.front..record.nodes.end() {
            let node = record.lookup().node(id);
            if let Kind::Param(param) = node.kind
                && leaves.iter().all(|(_, known)| *known != id)
            {
                params.push((param, node.version(), id));
            }
        }
        Ok(Self { y: y.id, leaves, params })
    }
}

impl<T: Real> Tape<T> {
    /// `segment(tape, inputs)`, without its intermediate values: they are computed again when a sweep needs them, on an
    /// inner tape that all segments take turns to use. Values and gradients have the same bits as without.
    ///
    /// The segment gets the inner tape and variables on it that stand for `inputs`, and returns one on it. It must
    /// record the same at every call: draw dropout from a counter, not from a generator. What else it needs
    /// it owns. Weights are best given as inputs; a [`Param`] that the segment owns and binds by
    /// [`Tape::param`] has its gradient as usual, but its owner must copy it to write to it. Segments nest.
    ///
    /// A hook set inside is called in the sweep, unless it is on one of the inputs. Leaves made inside have no
    /// gradient for anyone to read. A segment recorded during a [pause](Tape::pause) is not kept.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, w) = (tape.leaf([0.3, -0.8]), tape.leaf([2.0, 1.5]));
    /// let y = tape.checkpoint(&[x, w], |_, x| ((x[0] * x[1]).tanh() * x[1]).exp());
    /// let z = ((x * w).tanh() * w).exp();
    /// assert_eq!(tape.backward(y.sum())[w], tape.backward(z.sum())[w]);
    /// ```
    ///
    /// # Panics
    /// At the caller's line when an input is of another tape or released, or the segment returns what is not on
    /// the tape it was given. A sweep panics when the segment then records something else.
    #[track_caller]
    pub fn checkpoint<'t>(
        &'t self,
        inputs: &[Var<'t, T>],
        segment: impl for<'a> Fn(&'a Self, &[Var<'a, T>]) -> Var<'a, T> + Send + 'static,
    ) -> Var<'t, T> {
        or_panic(self.try_checkpoint(inputs, segment))
    }

    /// [`checkpoint`](Tape::checkpoint), or the reason why not.
    #[track_caller]
    pub fn try_checkpoint<'t>(
        &'t self,
        inputs: &[Var<'t, T>],
        segment: impl for<'a> Fn(&'a Self, &[Var<'a, T>]) -> Var<'a, T> + Send + 'static,
    ) -> Result<Var<'t, T>> {
        let site = Location::caller();
        let inner = self.borrow_inner();
        let mut edges: Few<u64> = inputs.iter().map(|var| var.id).collect();
        let replay = {
            let record = self.record.borrow();
            for var in inputs {
                self.check(&record, var, || "checkpoint")?;
            }
            Replay::record(&inner, record.lookup(), &edges, &segment)?
        };
        let made = inner.record.borrow();
        for &(id, version, node) in &replay.params {
            if let Place::Param { array, .. } = &made.lookup().node(node).place {
                edges.push(self.param(&Param { id, value: Arc::clone(array), version }).id);
            }
        }
        let y = made.lookup().node(replay.y);
        let record = &mut *self.record.borrow_mut();
        let id = record.nodes.end();
        for &edge in &edges {
            if let Some(input) = record.get_mut(edge) {
                input.last_use = id;
            }
        }
        let shape = made.shape(y);
        let mut node = record.node(Kind::Op(Box::new(Checkpoint)), shape, site);
        node.place = Place::Arena(record.values.end());
        record.values.extend(y.len).1.copy_from_slice(made.lookup().values_of(y));
        (node.edges, node.inputs) = (record.edges.end(), edges.len() as u32);
        record.edges.items().extend(edges);
        node.indices = record.indices.end();
        node.paused = self.pauses.get() > 0;
        node.wants = y.wants && !node.paused;
        if !node.paused {
            let segment = Segment { run: Box::new(segment), inputs: inputs.len() };
            record.segments.0.push((id, segment));
        }
        record.push(node);
        drop(made);
        self.return_inner(inner);
        Ok(Var { tape: self, id })
    }

    fn borrow_inner(&self) -> Box<Self> {
        self.inner.borrow_mut().take().unwrap_or_default()
    }

    fn return_inner(&self, mut inner: Box<Self>) {
        inner.clear();
        self.inner.replace(Some(inner));
    }

    /// Puts a copy of an outer node on this tape, to which a sweep adds as it does to the node itself.
    fn stand_in(&self, outer: Lookup<'_, T>, id: u64) -> u64 {
        let source = outer.node(id);
        let mut record = self.record.borrow_mut();
        // What an op made stays no leaf: rows are gathered for leaves only.
        let kind = match source.kind {
            Kind::Op(_) | Kind::Constant => Kind::Constant,
            Kind::Leaf => Kind::Leaf,
            Kind::Param(id) => Kind::Param(id),
        };
        let mut copy = record.node(kind, outer.shape(source), source.site);
        copy.wants = source.wants;
        copy.place = match &source.place {
            Place::Param { array, version } => {
                Place::Param { array: Arc::clone(array), version: *version }
            }
            _ => {
                let start = record.values.end();
                record.values.extend(copy.len).1.copy_from_slice(outer.values_of(source));
                Place::Arena(start)
            }
        };
        let id = record.push(copy);
        if let Kind::Param(param) = source.kind {
            self.bound.borrow_mut().insert(param, id);
        }
        id
    }
}

impl<T: Real> Sweep<'_, T> {
    /// Records a segment again and sweeps it.
    pub(crate) fn segment(&mut self, segment: &Segment<T>, node: &Node<T>, dy: Running<T>) {
        let edges = self.record.inputs(node);
        let (inputs, params) = edges.split_at(segment.inputs);
        let inner = self.tape.borrow_inner();
        let replay = or_panic(Replay::record(&inner, self.lookup, inputs, &*segment.run));
        let mut leaves = replay.leaves;
        for (param, version, id) in replay.params {
            let is_it = |outer: &&u64| {
                let node = self.lookup.node(**outer);
                matches!(node.kind, Kind::Param(id) if (id, node.version()) == (param, version))
            };
            match params.iter().find(is_it) {
                Some(outer) => leaves.push((*outer, id)),
                None => panic!(
                    "a checkpoint's segment (recorded at {}) binds {param:?} in version {version}, which it did not \
                     when it was recorded; it must do the same at every call",
                    node.site
                ),
            }
        }
        {
            let record = inner.record.borrow();
            let y = record.lookup().node(replay.y);
            assert!(
                record.shape(y) == self.record.shape(node),
                "a checkpoint's segment gives {:?}, but gave {:?} when it was recorded (at {}); it must do the same \
                 at every call",
                &record.shape(y)[..],
                &self.record.shape(node)[..],
                node.site
            );
            // The inner tape's pool holds the outer sweep's state meanwhile: the free memory serves both.
            let aside = &mut *inner.pool.lock();
            let begun: Few<_> = leaves.iter().map(|leaf| (leaf.1, self.take(leaf.0))).collect();
            let exchange = |aside: &mut crate::pool::Pool<T>, pool: &mut crate::pool::Pool<T>| {
                swap(&mut aside.adjoints, &mut pool.adjoints);
                swap(&mut aside.survivors, &mut pool.survivors);
                swap(&mut aside.gathers, &mut pool.gathers);
                swap(&mut aside.clean, &mut pool.clean);
            };
            exchange(aside, self.pool);
            let end = record.nodes.end();
            self.pool.begin((end - record.front) as usize, record.survivors.len());
            carry(&mut aside.gathers, &mut self.pool.gathers, leaves.iter().copied());
            let mut sweep = Sweep {
                tape: &inner,
                record: &record,
                lookup: record.lookup(),
                scratch: self.scratch,
                pool: &mut *self.pool,
                kept: Kept::default(),
                plain: record.hooks.is_empty(),
                traced: false,
                blame: None,
                first: record.front,
            };
            for (id, sum) in begun {
                sweep.put(id, sum);
            }
            if sweep.slot(replay.y).is_some_and(|slot| slot.is_zero()) {
                sweep.put(replay.y, dy);
            } else {
                let terms = dy.as_slice();
                sweep.add_to(replay.y, terms.len(), |sum| sum.add(terms.iter().copied()));
                dy.give_to(sweep.pool);
            }
            for id in (record.front..end).rev() {
                let node = sweep.lookup.node(id);
                if matches!(node.kind, Kind::Op(_)) {
                    sweep.node(id, node);
                }
            }
            let sums: Few<_> = leaves.iter().map(|leaf| (leaf.0, sweep.take(leaf.1))).collect();
            let back = leaves.iter().map(|&(outer, inner)| (inner, outer));
            carry(&mut self.pool.gathers, &mut aside.gathers, back);
            self.pool.begin(0, 0);
            exchange(aside, self.pool);
            for (id, sum) in sums {
                self.put(id, sum);
            }
        }
        self.tape.return_inner(inner);
    }
}

/// Hands over the rows on their way to some leaves, under the leaves' other names.
fn carry<T>(
    from: &mut Vec<Gather<T>>,
    to: &mut Vec<Gather<T>>,
    names: impl Iterator<Item = (u64, u64)>,
) {
    for (old, new) in names {
        // One for each stretch of its columns that has been used.
        while let Some(at) = from.iter().position(|gather| gather.leaf == old) {
            let mut gather = from.swap_remove(at);
            gather.leaf = new;
            to.push(gather);
        }
    }
}

#[cfg(test)]
mod tests;
