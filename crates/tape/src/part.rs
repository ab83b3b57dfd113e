//! One part of the first axis: the short way of a step to its inputs.
//!
//! ```text
//! y = x[index]
//! ```
//!
//! It is memory of `x` under one axis less, so there is nothing to compute and little to find out; and its adjoint is added
//! where it stands in that of `x`, without asking an op.

use crate::{
    Real, Var,
    node::{Kind, Node, Place, Way},
    ops::shape::slice::Slice,
    running::Running,
    sweep::Sweep,
};
use std::{mem::take, panic::Location};

impl<T: Real> Var<'_, T> {
    /// `x[index]`; or `None` where something does not fit or is seen for the first time: [`Slice`] knows more.
    pub(crate) fn part(self, index: usize, site: &'static Location<'static>) -> Option<Self> {
        let tape = self.tape;
        let mut guard = tape.record.borrow_mut();
        let record = &mut *guard;
        let node = record.get(self.id).filter(|node| !matches!(node.place, Place::Kept(_)))?;
        let (&n, axes) = record.shape(node).split_first()?;
        if index >= n {
            return None;
        }
        let shape = record.shapes.find(axes)?;
        let (len, wants) = (axes.iter().product::<usize>(), node.wants);
        let id = record.nodes.end();
        let place = record.view(self.id, index * len, id);
        if let Some(whole) = record.get_mut(self.id) {
            whole.last_use = id;
        }
        let (edges, indices) = (record.edges.end(), record.indices.end());
        record.edges.items.push(self.id);
        let slice = Slice { axis: 0, start: index, end: index + 1, select: true };
        let op = record.shells.wrap(slice);
        let paused = tape.pauses.get() > 0;
        let node = record.nodes.push_blank();
        node.kind = Kind::Op(op);
        node.place = place;
        (node.shape, node.len) = (shape, len);
        (node.edges, node.inputs) = (edges, 1);
        node.indices = indices;
        (node.wants, node.paused, node.way) = (wants && !paused, paused, Way::Share);
        node.site = site;
        let strict = record.strict;
        drop(guard);
        if strict {
            tape.insist_finite(id);
        }
        Some(Self { tape, id })
    }
}

impl<T: Real> Sweep<'_, T> {
    /// A view that [shares](Way::Share) its adjoint: it is added where the view stands in its input.
    pub(crate) fn share(&mut self, id: u64, node: &Node<T>, dy: Running<T>) {
        let &[mut input] = self.record.inputs(node) else {
            unreachable!("a view of {} inputs", node.inputs)
        };
        // What stands within a whole already is added to there.
        while let Some(Running::Within) = self.slot(input) {
            input = self.record.inputs(self.lookup.node(input))[0];
        }
        let start = self.stretch(id, input).start;
        if self.is_output(id, node, input, start) {
            return self.put(id, dy);
        }
        let target = self.lookup.node(input);
        if !target.wants {
            return dy.give_to(self.pool);
        }
        if matches!(self.slot(input), Some(Running::Zero | Running::Postponed(..))) {
            let mut sum = self.slot(input).map(take).unwrap_or_default().fetched(self.pool);
            if sum.is_zero() && target.len == dy.as_slice().len() {
                return self.put(input, dy);
            }
            if sum.is_zero() {
                sum = Running::Part(self.pool.take(target.len), start..start);
                if self.traced {
                    sum.complete(); // who looks on between two parts sees no rubbish
                }
            }
            self.put(input, sum);
        }
        if let Some(sum) = self.slot(input) {
            sum.add_part(start, dy.as_slice()); // where it stands: it is not moved for each of its parts
        }
        dy.give_to(self.pool);
    }
}

#[test]
fn a_view_of_a_view_adds_where_it_stands() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]));
    let middle = x.slice(0, 1..4);
    let y = middle.select(0, 1);
    let gradients = tape.backward((y * y).sum() + middle.sum());
    let expected = ndarray::arr2(&[[0.0, 0.0], [1.0, 1.0], [11.0, 13.0], [1.0, 1.0]]);
    assert_eq!(gradients[x], expected.into_dyn());
}

#[test]
fn the_short_way_records_what_the_long_way_does() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(ndarray::arr3(&[[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]]));
    let long = [0, 1, 2].map(|k| x.apply(Slice { axis: 0, start: k, end: k + 1, select: true }));
    let short = [0, 1, 2].map(|k| x.select(0, k));
    for (long, short) in long.into_iter().zip(short) {
        assert_eq!(long.value(), short.value());
        let term = |y: Var<'_, f64>| tape.backward((y * y).sum() + x.sum())[x].clone();
        assert_eq!(term(long), term(short));
    }
    let paused = tape.no_grad(|| x.select(0, 1));
    assert_eq!(tape.backward((paused * x.select(0, 1)).sum())[x][[1, 0, 0]], 3.0);
    assert!(x.part(3, Location::caller()).is_none());
}
