//! One part of the first axis: the short way of a step to its inputs.
//!
//! ```text
//! y = x[index]
//! ```
//!
//! It is memory of `x` under one axis less, so there is nothing to compute and little to find out; and its adjoint is added
//! where it stands in that of `x`, without asking an op.

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var,
    node::{Kind, Node, Place, Way},
    ops::shape::slice::Slice,
    running::Running,
    sweep::Sweep,
    within::stretch,
};
use std::{mem::take, panic::Location};

/// The [`Slice`] that keeps one index of the first axis. Which one stands among its whole numbers, so that the op itself takes
/// no memory.
#[derive(Debug, Clone, Copy)]
struct Part;

impl Part {
    fn slice<T: Real>(self, x: Inputs<'_, T>) -> Slice {
        let start = x.indices()[0];
        Slice { axis: 0, start, end: start + 1, select: true }
    }
}

impl<T: Real> Op<T> for Part {
    fn name(&self) -> &'static str {
        "Slice"
    }
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        self.slice(x).shape(x)
    }
    fn view(&self, x: Inputs<'_, T>) -> Option<usize> {
        self.slice(x).view(x)
    }
    fn passes(&self, i: usize, x: Inputs<'_, T>) -> bool {
        self.slice(x).passes(i, x)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        self.slice(x).forward(x, y, saved);
    }
    fn backward(&self, i: usize, x: Inputs<'_, T>, y: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        self.slice(x).backward(i, x, y, dy, dx);
    }
    fn flops(&self, x: Inputs<'_, T>, y: &[usize]) -> u64 {
        self.slice(x).flops(x, y)
    }
}

impl<T: Real> Var<'_, T> {
    /// `x[index]`; or `None` where something does not fit: [`Slice`] knows more.
    pub(crate) fn part(self, index: usize, site: &'static Location<'static>) -> Option<Self> {
        let tape = self.tape;
        let mut guard = tape.record.borrow_mut();
        let record = &mut *guard;
        let id = record.nodes.end();
        let whole = record.get(self.id)?;
        let (shape, len, wants) = (whole.shape, whole.len, whole.wants);
        if matches!(whole.place, Place::Kept(_)) || whole.is_spent() {
            return None;
        }
        let &n = record.shapes[shape].first()?;
        if index >= n {
            return None;
        }
        let (shape, len) = (record.shapes.rest(shape)?, len / n);
        let place = record.view(self.id, index * len, id);
        if let Some(whole) = record.get_mut(self.id) {
            whole.last_use = id;
        }
        let (edges, indices) = (record.edges.end(), record.indices.end());
        record.edges.items.push(self.id);
        record.indices.items.push(index);
        let op = record.shells.wrap(Part);
        let paused = tape.pauses.get() > 0;
        let node = record.nodes.push_blank();
        node.kind = Kind::Op(op);
        node.place = place;
        (node.shape, node.len) = (shape, len);
        (node.edges, node.inputs) = (edges, 1);
        (node.indices, node.index_count) = (indices, 1);
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
        let target = self.lookup.node(input);
        let start = stretch(node, target).start;
        if self.is_output(id, node, (input, target), start) {
            return self.put(id, dy);
        }
        if !target.wants {
            return dy.give_to(self.pool);
        }
        let terms = dy.as_slice();
        match self.slot(input) {
            Some(slot @ (Running::Zero | Running::Postponed(..))) => {
                let mut sum = take(slot).fetched(self.pool);
                if sum.is_zero() && target.len == terms.len() {
                    return self.put(input, dy);
                }
                if sum.is_zero() {
                    sum = Running::Part(self.pool.take(target.len), start..start);
                    if self.traced {
                        sum.complete(); // who looks on between two parts sees no rubbish
                    }
                }
                sum.add_part(start, terms);
                self.put(input, sum);
            }
            Some(sum) => sum.add_part(start, terms), // where it stands: it is not moved for each of its parts
            None => {}
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

#[test]
fn it_is_an_op_like_any_other() {
    use crate::{Tape, gradcheck::function, lend::Lent, ops::reduction::examples::wave};
    let x = wave(&[3, 2, 2]);
    function(|tape, x| tape.apply_indexed(Part, x, &[1]).square(), std::slice::from_ref(&x))
        .assert();
    // And would be one if it had to be computed.
    let tape = Tape::<f64>::new();
    let id = tape.leaf(&x).id;
    let (record, mut y, mut dx) = (tape.record.borrow(), [0.0; 4], [1.0; 12]);
    let lent =
        Lent { lookup: &record.lookup(), nodes: &[id], indices: &[1], scratch: &tape.scratch };
    Part.forward(Inputs(&lent), &mut y, &mut []);
    assert_eq!(y[..], x.as_slice().unwrap()[4..8]);
    let made = crate::lend::Made { value: &y, saved: &[], shape: &[2, 2] };
    let sum = Adjoint { slice: &mut dx, fresh: Some(&[]) };
    Part.backward(0, Inputs(&lent), Output(&made), &[2.0; 4], sum);
    assert_eq!(dx, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
}
