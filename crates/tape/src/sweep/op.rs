//! The adjoint of an op goes to its inputs.

use super::Sweep;
use crate::{
    Adjoint, Factor, Inputs, Op, Output, Real,
    buffer::Buffer,
    gather,
    lend::{Lent, Made},
    node::{Kind, Node, Way},
    outputs::each,
    postponed,
    running::Running,
    within::Part,
};
use smallvec::SmallVec;
use std::{mem::take, ops::Range};

impl<'a, T: Real> Sweep<'a, T> {
    /// All inputs of an op that want one get their share of its adjoint.
    pub(super) fn op(&mut self, op: &dyn Op<T>, node: &'a Node<T>, mut dy: Running<T>) {
        let lookup = self.lookup;
        let lent = self.lent(node);
        let (x, edges) = (Inputs(&lent), lent.nodes);
        if dy.as_slice().len() >= postponed::LONG
            && !self.traced
            && op.joins(x)
            && let Running::Buffer(dy) = dy
        {
            return self.put_off(op, x, dy);
        }
        let made = self.made(node);
        let y = Output(&made);
        if node.way != Way::Flushed {
            op.outermost(y, dy.as_mut_slice());
        }
        if op.joint() {
            self.jointly(op, x, y, &each(dy.as_slice(), op.outputs()));
            return dy.give_to(self.pool);
        }
        let terms = dy.as_slice();
        let wants = |i: usize| lookup.node(edges[i]).wants && op.differentiable(i);
        for (i, &input) in edges.iter().enumerate() {
            let target = lookup.node(input);
            if !(target.wants && op.differentiable(i)) {
                continue;
            }
            if target.len == terms.len() && op.passes(i, x) && !(i + 1..edges.len()).any(wants) {
                if let Some(slot) = self.slot(input)
                    && slot.is_zero()
                {
                    *slot = dy;
                    return;
                }
            } else if !self.traced // a gathered gradient would be seen too late
                && matches!(target.kind, Kind::Leaf | Kind::Param(_))
                && let (Some(rows), &[m, n]) = (op.row_sum(i, x), &lookup.shape(target)[..])
                && m * n > 0
            {
                let factor = |factor| match factor {
                    Factor::Input(j) => x.value(j),
                    Factor::Adjoint => terms,
                };
                let (left, right) = (factor(rows.left), factor(rows.right));
                // As many columns as the right factor has for each row of the left one.
                let len = (right.len() * m).checked_div(left.len()).unwrap_or(n - rows.column);
                let columns = gather::Columns { start: rows.column, len };
                self.gather(input, (left, right), (m, n), columns);
                continue;
            }
            self.add_to(input, target.len, |dx| op.backward(i, x, y, terms, dx));
        }
        dy.give_to(self.pool);
    }

    /// What the op of a node is lent on the way back.
    #[inline]
    pub(crate) fn lent(&self, node: &Node<T>) -> Lent<'a, T> {
        Lent {
            lookup: self.lookup,
            nodes: self.record.inputs(node),
            indices: self.record.indices_of(node),
            scratch: self.scratch,
        }
    }

    /// What it made.
    #[inline]
    pub(crate) fn made(&self, node: &'a Node<T>) -> Made<'a, T> {
        Made {
            value: self.lookup.values_of(node),
            saved: self.lookup.saved_of(node),
            shape: self.lookup.shape(node),
        }
    }

    /// The sweep of an op that finds the adjoints of all its inputs at once.
    pub(crate) fn jointly(
        &mut self,
        op: &dyn Op<T>,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[&[T]],
    ) {
        // In plain loops: this is done for each node, and for a few inputs only.
        let mut sums: SmallVec<[(Buffer<T>, Begin); 8]> = SmallVec::new();
        for i in 0..x.len() {
            let wants = x.node(i).wants && op.differentiable(i);
            sums.push(if wants { self.begin(x.0.nodes, i) } else { Default::default() });
        }
        let pool = &*self.pool;
        let mut dx: SmallVec<[Option<Adjoint<'_, T>>; 8]> = SmallVec::new();
        for (sum, begin) in &mut sums {
            let all = &mut sum[..];
            if all.is_empty() {
                dx.push(None);
                continue;
            }
            let (slice, fresh) = match begin {
                Begin::Itself => (all, None),
                Begin::Zero => (all, Some(&[][..])),
                Begin::Stretch(key, stretch) => (all, Some(pool.stretch(*key, stretch.clone()))),
                Begin::Within(part) => {
                    (&mut all[part.stretch.clone()], part.fresh.then_some(&[][..]))
                }
            };
            dx.push(Some(Adjoint { slice, fresh }));
        }
        op.backward_jointly(x, y, dy, &mut dx);
        drop(dx);
        for ((sum, begin), &input) in sums.iter_mut().zip(x.0.nodes) {
            let sum = take(sum);
            match take(begin) {
                Begin::Stretch(key, _) => self.pool.fetched(key),
                Begin::Within(part) => {
                    self.put_part(part, sum);
                    self.put(input, Running::Within);
                    continue;
                }
                Begin::Itself | Begin::Zero => {}
            }
            let mut other = self.take(input);
            if other.is_zero() {
                let sum = Running::of(sum, self.pool);
                self.put(input, sum);
                continue;
            }
            // A variable that is two inputs.
            for (other, &sum) in other.as_mut_slice().iter_mut().zip(&*sum) {
                *other += sum;
            }
            self.pool.give(sum);
            self.put(input, other);
        }
    }

    /// Memory for the adjoint of input `i` with further terms, and what it begins with.
    fn begin(&mut self, inputs: &[u64], i: usize) -> (Buffer<T>, Begin) {
        let id = inputs[i];
        let &Node { len, way, .. } = self.lookup.node(id);
        if way == Way::Share
            && let Some(part) = self.part_of(inputs, i)
        {
            let sum = self.take_part(&part);
            return (sum, Begin::Within(part));
        }
        let sum = match self.slot(id).map(take).unwrap_or_default() {
            Running::Postponed(key, stretch) => {
                return (self.pool.take(len), Begin::Stretch(key, stretch));
            }
            sum => sum.into_buffer(self.pool),
        };
        if sum.is_empty() { (self.pool.take(len), Begin::Zero) } else { (sum, Begin::Itself) }
    }
}

/// What a sum with further terms begins with.
#[derive(Debug, Default)]
enum Begin {
    /// What stands there.
    #[default]
    Itself,
    Zero,
    /// A stretch of what was [put off](crate::postponed).
    Stretch(u64, Range<usize>),
    /// What stands there, or zero, and there is a part of the adjoint of a whole.
    Within(Part),
}
