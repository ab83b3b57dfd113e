//! The sweep: adjoints travel back.

use crate::{
    Adjoint, Error, Factor, Gradients, Inputs, Op, Output, Real, Result, Tape, Var,
    error::or_panic,
    gather,
    gradients::Kept,
    inspect::{Blame, Spread},
    kernel::Scratch,
    pool::Pool,
    record::{Kind, Lookup, Node, Record},
    shape::Shape,
};
use ndarray::{ArrayD, ArrayViewD, aview0};
use smallvec::SmallVec;
use std::{cell::RefCell, iter::once, mem::take, ops::Range};

impl<T: Real> Tape<T> {
    /// `∂loss/∂v` for every leaf, parameter and watched variable `v`.
    ///
    /// The tape is only read: sweep as often as you like, from whatever you like.
    ///
    /// # Panics
    /// When `loss` is not one number, is of another tape, or was released by a cut.
    #[track_caller]
    pub fn backward(&self, loss: Var<'_, T>) -> Gradients<T> {
        or_panic(self.try_backward(loss))
    }

    /// [`backward`](Tape::backward), or the reason why not.
    pub fn try_backward(&self, loss: Var<'_, T>) -> Result<Gradients<T>> {
        let record = self.record.borrow();
        let node = self.check(&record, &loss, || "backward")?;
        if node.len != 1 {
            return Err(Error::NotScalar { shape: node.shape.clone() });
        }
        let one = T::ONE;
        let seed = once((loss.id, aview0(&one).into_dyn()));
        Ok(self.sweep(&record, seed, None, 0..u64::MAX))
    }

    /// `Σⱼ cotangentⱼ · ∂varⱼ/∂v` for every leaf, parameter and watched variable `v`: one sweep from many roots.
    ///
    /// # Panics
    /// When a cotangent has not the shape of its variable, or a variable is of another tape or released.
    #[track_caller]
    pub fn backward_from(&self, seeds: &[(Var<'_, T>, &ArrayD<T>)]) -> Gradients<T> {
        or_panic(self.try_backward_from(seeds))
    }

    /// [`backward_from`](Tape::backward_from), or the reason why not.
    pub fn try_backward_from(&self, seeds: &[(Var<'_, T>, &ArrayD<T>)]) -> Result<Gradients<T>> {
        let record = self.record.borrow();
        for (var, cotangent) in seeds {
            let node = self.check(&record, var, || "backward_from")?;
            if node.shape[..] != *cotangent.shape() {
                let (variable, cotangent) = (node.shape.clone(), cotangent.shape().into());
                return Err(Error::Cotangent { variable, cotangent });
            }
        }
        let seeds = seeds.iter().map(|(var, cotangent)| (var.id, cotangent.view()));
        Ok(self.sweep(&record, seeds, None, 0..u64::MAX))
    }

    /// The first op that makes an adjoint leave the finite.
    pub(crate) fn try_blame(&self, loss: Var<'_, T>) -> Result<Option<Blame>> {
        let record = self.record.borrow();
        let node = self.check(&record, &loss, || "backward")?;
        if node.len != 1 {
            return Err(Error::NotScalar { shape: node.shape.clone() });
        }
        let pool = &mut *self.pool.lock();
        let mut sweep = self.begin(&record, pool, None);
        sweep.traced = true;
        sweep.adjoint(loss.id, 1).add(once(T::ONE));
        let nodes: Vec<_> = record.living().collect();
        for (id, node) in nodes.into_iter().rev() {
            sweep.node(id, node);
            if sweep.blame.is_some() {
                break;
            }
        }
        let Sweep { blame, kept, .. } = sweep;
        pool.kept.push(kept.emptied());
        Ok(blame)
    }

    fn begin<'a>(
        &'a self,
        record: &'a Record<T>,
        pool: &'a mut Pool<T>,
        kept: Option<Kept<T>>,
    ) -> Sweep<'a, T> {
        pool.begin((record.nodes.end() - record.front) as usize, record.survivors.len());
        Sweep {
            tape: self,
            lookup: record.lookup(),
            record,
            scratch: &self.scratch,
            kept: kept.or_else(|| pool.kept.pop()).unwrap_or_default(),
            pool,
            traced: false,
            blame: None,
        }
    }

    /// The whole of reverse mode: seed the roots, walk the nodes backwards, let each op add to its inputs'
    /// adjoints.
    ///
    /// A loop, never a recursion: a million steps of an unrolled recurrence need no deeper stack than one.
    /// It visits the nodes of the `window`, keeps what arrives at those before it, and adds to what is `kept`
    /// already.
    pub(crate) fn sweep<'s>(
        &self,
        record: &Record<T>,
        seeds: impl Iterator<Item = (u64, ArrayViewD<'s, T>)>,
        kept: Option<Kept<T>>,
        window: Range<u64>,
    ) -> Gradients<T> {
        let pool = &mut *self.pool.lock();
        let end = record.nodes.end();
        let mut sweep = self.begin(record, pool, kept);
        for (id, cotangent) in seeds {
            let adjoint = sweep.adjoint(id, cotangent.len());
            adjoint.add(cotangent.iter().copied());
        }
        let stop = window.start.clamp(record.front, end);
        for id in (stop..window.end.min(end)).rev() {
            sweep.node(id, sweep.lookup.node(id));
        }
        for id in (record.front..stop).rev() {
            sweep.arrived(id, sweep.lookup.node(id));
        }
        for (id, node) in record.survivors.iter().rev() {
            if stop > record.front { sweep.arrived(*id, node) } else { sweep.node(*id, node) }
        }
        Gradients { kept: sweep.kept, pool: self.pool.clone(), end }
    }
}

pub(crate) struct Sweep<'a, T: Real> {
    pub(crate) tape: &'a Tape<T>,
    pub(crate) record: &'a Record<T>,
    pub(crate) lookup: Lookup<'a, T>,
    pub(crate) scratch: &'a RefCell<Scratch<T>>,
    pub(crate) pool: &'a mut Pool<T>,
    pub(crate) kept: Kept<T>,
    /// Is it looking for an adjoint that is not finite?
    pub(crate) traced: bool,
    pub(crate) blame: Option<Blame>,
}

impl<'a, T: Real> Sweep<'a, T> {
    pub(crate) fn slot(&mut self, id: u64) -> Option<&mut Vec<T>> {
        if id >= self.record.front {
            self.pool.adjoints.get_mut((id - self.record.front) as usize)
        } else {
            let at = self.record.survivors.binary_search_by_key(&id, |s| s.0).ok()?;
            self.pool.survivors.get_mut(at)
        }
    }

    pub(crate) fn take(&mut self, id: u64) -> Vec<T> {
        self.slot(id).map(take).unwrap_or_default()
    }

    pub(crate) fn put(&mut self, id: u64, adjoint: Vec<T>) {
        if let Some(slot) = self.slot(id) {
            *slot = adjoint;
        }
    }

    /// The adjoint of node `id`, whose memory is found where there is none yet.
    pub(crate) fn adjoint(&mut self, id: u64, len: usize) -> Adjoint<'_, T> {
        let fresh = self.slot(id).is_none_or(|slot| slot.is_empty());
        if fresh {
            let memory = self.pool.take(len);
            self.put(id, memory);
        }
        let slice = self.slot(id).map_or(&mut [][..], |slot| slot);
        Adjoint { slice, fresh }
    }

    /// One node of the sweep: its adjoint is complete, for all that reads it has been swept.
    pub(crate) fn node(&mut self, id: u64, node: &'a Node<T>) {
        match &node.kind {
            Kind::Op(op) => {
                if !node.wants && !node.watched {
                    return self.discard(id);
                }
                let mut dy = self.take(id);
                self.record.hooks.call(id, &node.shape, &mut dy);
                if node.watched {
                    let mut copy = self.pool.take(node.len);
                    if dy.is_empty() {
                        copy.fill(T::ZERO)
                    } else {
                        copy.copy_from_slice(&dy)
                    }
                    self.kept.keep(id, &node.shape, copy);
                }
                if dy.is_empty() {
                } else if node.paused {
                    self.pool.give(dy);
                } else if let Some(segment) = self.record.segments.get(id) {
                    self.segment(segment, node, dy);
                } else {
                    let given = self.traced.then(|| Spread::of(&dy));
                    self.op(&**op, node, dy);
                    if let Some(dy) = given {
                        self.look(id, node, dy);
                    }
                }
            }
            Kind::Leaf => {
                let (sum, _) = self.leaf(id, &node.shape, node.len);
                self.kept.keep(id, &node.shape, sum);
            }
            Kind::Param { id: param, version } => {
                let (sum, reached) = self.leaf(id, &node.shape, node.len);
                if let Err(memory) =
                    self.kept.keep_param(id, (*param, *version), reached, &node.shape, sum)
                {
                    self.pool.give(memory);
                }
            }
            Kind::Constant => self.discard(id),
        }
    }

    /// Are the adjoints of the inputs still finite, now that node `id`, given `dy`, has added to them?
    fn look(&mut self, id: u64, node: &Node<T>, dy: Spread) {
        let edges = self.record.inputs(node);
        for (input, &edge) in edges.iter().enumerate() {
            let dx = self.slot(edge).map_or(&[][..], |slot| slot);
            if dx.iter().any(|x| !x.is_finite()) {
                self.blame = Some(Blame { node: id, input, dy, dx: Spread::of(dx) });
                return;
            }
        }
    }

    pub(crate) fn discard(&mut self, id: u64) {
        let unread = self.take(id);
        if !unread.is_empty() {
            self.pool.give(unread);
        }
    }

    /// What has been added to the gradient of a leaf.
    pub(crate) fn gathered(&mut self, id: u64, shape: &Shape) -> Vec<T> {
        let mut sum = self.take(id);
        if !self.pool.gathers.is_empty() {
            gather::finish(self.pool, &mut self.scratch.borrow_mut(), (id, &mut sum), shape);
        }
        sum
    }

    /// The complete gradient of a leaf, zeros where nothing reached it, and whether anything did.
    fn leaf(&mut self, id: u64, shape: &Shape, len: usize) -> (Vec<T>, bool) {
        let mut sum = self.gathered(id, shape);
        let reached = !sum.is_empty();
        self.record.hooks.call(id, shape, &mut sum);
        if !reached {
            sum = self.pool.take(len);
            sum.fill(T::ZERO);
        }
        (sum, reached)
    }

    fn op(&mut self, op: &dyn Op<T>, node: &'a Node<T>, mut dy: Vec<T>) {
        let lookup = self.lookup;
        let edges = self.record.edges.slice(node.edges.0, node.edges.1 as usize);
        let x = Inputs {
            lookup,
            nodes: edges,
            indices: self.record.indices.slice(node.indices.0, node.indices.1 as usize),
            scratch: self.scratch,
        };
        let y = Output {
            value: lookup.values_of(node),
            saved: lookup.saved_of(node),
            shape: &node.shape,
        };
        op.outermost(y, &mut dy);
        let wants = |i: usize| lookup.node(edges[i]).wants && op.differentiable(i);
        if op.joint() {
            self.jointly(op, x, y, &dy, wants);
            return self.pool.give(dy);
        }
        let last = (0..edges.len()).rev().find(|&i| wants(i));
        for (i, &input) in edges.iter().enumerate() {
            if !wants(i) {
                continue;
            }
            let target = lookup.node(input);
            if Some(i) == last && target.len == dy.len() && op.passes(i, x) {
                if let Some(slot) = self.slot(input)
                    && slot.is_empty()
                {
                    *slot = dy;
                    return;
                }
            } else if !self.traced // a gathered gradient would be seen too late
                && matches!(target.kind, Kind::Leaf | Kind::Param { .. })
                && let (Some(rows), &[m, n]) = (op.row_sum(i, x), &target.shape[..])
                && m * n > 0
            {
                let factor = |factor| match factor {
                    Factor::Input(j) => x.value(j),
                    Factor::Adjoint => &dy[..],
                };
                let mut sum = self.take(input);
                let scratch = &mut self.scratch.borrow_mut();
                let (left, right) = (factor(rows.left), factor(rows.right));
                // As many columns as the right factor has for each row of the left one.
                let len = (right.len() * m).checked_div(left.len()).unwrap_or(n);
                let columns = gather::Columns { start: rows.column, len };
                gather::add_rows(
                    self.pool,
                    scratch,
                    (input, &mut sum),
                    left,
                    right,
                    (m, n),
                    columns,
                );
                self.put(input, sum);
                continue;
            }
            op.backward(i, x, y, &dy, self.adjoint(input, target.len));
        }
        self.pool.give(dy);
    }

    /// The sweep of an op that finds the adjoints of all its inputs at once.
    fn jointly(
        &mut self,
        op: &dyn Op<T>,
        x: Inputs<'a, T>,
        y: Output<'a, T>,
        dy: &[T],
        wants: impl Fn(usize) -> bool,
    ) {
        let mut terms: SmallVec<[Vec<T>; 8]> = SmallVec::new();
        for i in 0..x.len() {
            let mut term = if wants(i) { self.pool.take(x.value(i).len()) } else { Vec::new() };
            term.fill(T::ZERO);
            terms.push(term);
        }
        let mut dx: SmallVec<[Option<&mut [T]>; 8]> =
            terms.iter_mut().map(|term| (!term.is_empty()).then_some(&mut term[..])).collect();
        op.backward_jointly(x, y, dy, &mut dx);
        drop(dx);
        for (term, &input) in terms.into_iter().zip(x.nodes) {
            let mut sum = self.take(input);
            if sum.is_empty() {
                sum = term;
            } else {
                sum.iter_mut().zip(&term).for_each(|(sum, &term)| *sum += term);
                self.pool.give(term);
            }
            self.put(input, sum);
        }
    }
}
