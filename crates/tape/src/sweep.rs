//! One node after the other, backwards: what a sweep does at each.

mod op;

use crate::{
    Adjoint, Real, Tape,
    buffer::Buffer,
    gather,
    gradients::Kept,
    inspect::{Blame, Spread},
    kernel::Scratch,
    lookup::Lookup,
    node::{Kind, Node, Way},
    pool::Pool,
    record::Record,
    running::Running,
    shape::Shape,
};
use std::{cell::RefCell, mem::take};

/// A sweep under way.
pub(crate) struct Sweep<'a, T: Real> {
    pub(crate) tape: &'a Tape<T>,
    pub(crate) record: &'a Record<T>,
    pub(crate) lookup: &'a Lookup<'a, T>,
    pub(crate) scratch: &'a RefCell<Scratch<T>>,
    pub(crate) pool: &'a mut Pool<T>,
    pub(crate) kept: Kept<T>,
    /// May numbers take their short way, with nobody looking on?
    pub(crate) plain: bool,
    /// Is it looking for an adjoint that is not finite?
    pub(crate) traced: bool,
    pub(crate) blame: Option<Blame>,
    /// The first node that it visits.
    pub(crate) first: u64,
}

impl<'a, T: Real> Sweep<'a, T> {
    #[inline(always)]
    pub(crate) fn slot(&mut self, id: u64) -> Option<&mut Running<T>> {
        if id >= self.record.front {
            self.pool.adjoints.get_mut((id - self.record.front) as usize)
        } else {
            let at = self.record.survivor(id)?;
            self.pool.survivors.get_mut(at)
        }
    }

    #[inline(always)]
    pub(crate) fn take(&mut self, id: u64) -> Running<T> {
        // Looked at where it stands, and moved once.
        let Some(slot) = self.slot(id) else { return Running::Zero };
        match slot {
            Running::Zero | Running::Number(_) | Running::Buffer(_) => take(slot),
            Running::Within => {
                *slot = Running::Zero;
                Running::Zero
            }
            Running::Part(..) | Running::Postponed(..) => {
                let sum = take(slot);
                self.whole(sum)
            }
        }
    }

    /// A sum of which not all is written down yet, written down.
    #[cold]
    fn whole(&mut self, sum: Running<T>) -> Running<T> {
        let mut sum = sum.fetched(self.pool);
        sum.complete();
        sum
    }

    #[inline(always)]
    pub(crate) fn put(&mut self, id: u64, adjoint: Running<T>) {
        if let Some(slot) = self.slot(id) {
            *slot = adjoint;
        }
    }

    /// Lets `add` add to the adjoint of node `id`, whose memory is found where there is none yet.
    #[inline(always)]
    pub(crate) fn add_to(&mut self, id: u64, len: usize, add: impl FnOnce(Adjoint<'_, T>)) {
        let fresh = match self.slot(id) {
            None | Some(Running::Zero) => true,
            Some(Running::Number(_) | Running::Buffer(_)) => false,
            Some(Running::Part(..)) => {
                let sum = self.take(id);
                self.put(id, sum);
                false
            }
            Some(Running::Within) => match self.part_of(&[id], 0) {
                Some(part) => return self.add_within(part, add),
                None => true,
            },
            Some(&mut Running::Postponed(key, ref stretch)) => {
                let put_off = (key, stretch.clone());
                return self.add_to_postponed(id, put_off, add);
            }
        };
        if fresh {
            let memory = Running::rubbish(self.pool, len);
            self.put(id, memory);
        }
        let slice = self.slot(id).map_or(&mut [][..], Running::as_mut_slice);
        add(Adjoint { slice, fresh: fresh.then_some(&[]) });
    }

    /// One node of the sweep: its adjoint is complete, for all that reads it has been swept.
    #[inline(always)]
    pub(crate) fn node(&mut self, id: u64, node: &'a Node<T>) {
        if node.way == Way::Number && self.plain && !node.watched {
            self.number(id, node);
        } else {
            self.array(id, node);
        }
    }

    fn array(&mut self, id: u64, node: &'a Node<T>) {
        match &node.kind {
            Kind::Op(op) => {
                if !node.wants && !node.watched {
                    return self.discard(id);
                }
                let mut dy = self.take(id);
                if node.watched || !self.plain {
                    self.show(id, node, &mut dy);
                }
                if dy.is_zero() {
                    if self.plain && op.outputs() > 1 {
                        self.of_outputs(id, &**op, node);
                    }
                } else if node.paused {
                    dy.give_to(self.pool);
                } else if let Some(segment) = self.record.segments.get(id) {
                    self.segment(segment, node, dy);
                } else {
                    let given = self.traced.then(|| Spread::of(dy.as_slice()));
                    if node.way == Way::Share {
                        self.share(id, node, dy);
                    } else {
                        self.op(&**op, node, dy);
                    }
                    if let Some(dy) = given {
                        self.look(id, node, dy);
                    }
                }
            }
            Kind::Leaf => {
                let (sum, _) = self.leaf(id, self.record.shape(node), node.len);
                self.kept.keep(id, self.record.shape(node), sum);
            }
            Kind::Param(param) => {
                let (sum, reached) = self.leaf(id, self.record.shape(node), node.len);
                if let Err(memory) = self.kept.keep_param(
                    id,
                    (*param, node.version()),
                    reached,
                    self.record.shape(node),
                    sum,
                ) {
                    self.pool.give(memory);
                }
            }
            Kind::Constant => self.discard(id),
        }
    }

    /// Shows a complete adjoint to the hooks of its node, and keeps a copy of what they leave if it is watched.
    fn show(&mut self, id: u64, node: &Node<T>, dy: &mut Running<T>) {
        self.record.hooks.call(id, self.record.shape(node), dy.as_mut_slice());
        if node.watched {
            let mut copy = self.pool.take(node.len);
            if dy.is_zero() {
                copy.fill(T::ZERO)
            } else {
                copy.copy_from_slice(dy.as_slice())
            }
            self.kept.keep(id, self.record.shape(node), copy);
        }
    }

    /// Are the adjoints of the inputs still finite, now that node `id`, given `dy`, has added to them?
    fn look(&mut self, id: u64, node: &Node<T>, dy: Spread) {
        let edges = self.record.inputs(node);
        for (input, &edge) in edges.iter().enumerate() {
            let dx = self.slot(edge).map_or(&[][..], |sum| sum.as_slice());
            if dx.iter().any(|x| !x.is_finite()) {
                self.blame = Some(Blame { node: id, input, dy, dx: Spread::of(dx) });
                return;
            }
        }
    }

    pub(crate) fn discard(&mut self, id: u64) {
        if let Some(slot) = self.slot(id)
            && !slot.is_zero()
        {
            take(slot).give_to(self.pool);
        }
    }

    /// What has been added to the gradient of a leaf.
    pub(crate) fn gathered(&mut self, id: u64) -> Buffer<T> {
        let mut sum = self.take(id).into_buffer(self.pool);
        if !self.pool.gathers.is_empty() {
            gather::finish(self.pool, id, &mut sum);
        }
        sum
    }

    /// The complete gradient of a leaf, zeros where nothing reached it, and whether anything did.
    fn leaf(&mut self, id: u64, shape: &Shape, len: usize) -> (Buffer<T>, bool) {
        let mut sum = self.gathered(id);
        let reached = !sum.is_empty();
        self.record.hooks.call(id, shape, &mut sum);
        if !reached {
            sum = self.pool.take(len);
            sum.fill(T::ZERO);
        }
        (sum, reached)
    }
}
