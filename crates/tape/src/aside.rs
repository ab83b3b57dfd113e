//! A value for a while.
//!
//! ```text
//! apply_aside ──► read ──► read ──► let_go        its memory serves the next one
//! ```
//!
//! What an op leaves on the tape stays there for the sweep. But a sum of products that a formula turns into gates is read
//! once, by this formula, and by nobody on the way back: its own op needs it no more than the formula does, which keeps the
//! gates. So is what some steps are given of an input, once they have been made. Such a value is written aside, into memory
//! of the [pool](crate::pool) that it leaves to the next of its kind: it takes no room on the tape, and the cache knows the
//! place.

use crate::{
    Inputs, Op, Real, Result, Tape, Var,
    error::or_panic,
    lend::Lent,
    node::{Kind, Node, Place, Way},
    pool::Pool,
    record::Record,
};
use std::{cell::RefCell, mem::replace, panic::Location};

/// Elements of a value that are worth it. A shorter one stands where all do, and stays.
const LONG: usize = 1 << 12;

impl<T: Real> Tape<T> {
    /// [`apply_indexed`](Tape::apply_indexed), for a value that is to be [let go](Tape::let_go) before the sweep.
    ///
    /// # Panics
    /// As [`apply`](Tape::apply).
    #[track_caller]
    pub fn apply_aside(
        &self,
        op: impl Op<T>,
        inputs: &[Var<'_, T>],
        indices: &[usize],
    ) -> Var<'_, T> {
        or_panic(self.try_apply_aside(op, inputs, indices, LONG))
    }

    /// Records `op`, whose value stands aside if it has so many elements, and nothing is saved beside it.
    #[track_caller]
    pub(crate) fn try_apply_aside(
        &self,
        op: impl Op<T>,
        inputs: &[Var<'_, T>],
        indices: &[usize],
        least: usize,
    ) -> Result<Var<'_, T>> {
        let mut record = self.record.borrow_mut();
        let op = record.shells.wrap(op);
        self.apply_boxed(record, op, inputs, indices, (least, Location::caller()))
    }

    /// Lets go of a value that stands [aside](Tape::apply_aside), or that is a view of one: its memory serves again, and
    /// whoever asks for its elements is told that they are no more.
    ///
    /// Nothing happens where it stands on the tape, or where the way back reads it: what its op says, and the ops that have
    /// been applied to it ([`Op::reads`]), decides. So it changes no gradient.
    ///
    /// ```
    /// use tape::ops::linear::{affine::Affine, matmul::MatMul};
    ///
    /// let tape = tape::Tape::<f32>::new();
    /// let leaf = |rows, columns| tape.leaf(ndarray::Array2::from_elem((rows, columns), 0.1));
    /// let (x, w, h, u) = (leaf(64, 8), leaf(8, 128), leaf(64, 128), leaf(128, 128));
    /// let projected = tape.apply_aside(MatMul { left_t: false, right_t: false }, &[x, w], &[]);
    /// let sum = h.affine(u, projected);
    /// let before = tape.bytes();
    /// tape.let_go(projected); // a sum does not read its terms again
    /// assert_eq!(tape.bytes(), before - 64 * 128 * 4);
    /// assert!(tape.backward(sum.tanh().sum())[w].iter().all(|&dw| dw > 0.0));
    /// ```
    pub fn let_go(&self, value: Var<'_, T>) {
        let mut record = self.record.borrow_mut();
        let Ok(node) = self.check(&record, &value, || "let_go") else { return };
        let root = if let Place::View { root, .. } = node.place { root } else { value.id };
        let aside = record.get(root).is_some_and(|node| matches!(node.place, Place::Aside(_)));
        if aside && !record.is_read_back(root, &self.scratch) {
            record.views_are_spent(root);
            record.let_go(root, &mut self.pool.lock());
        }
    }

    /// Lets go of a product that has been read by its one reader, which flushes the adjoint that it gives it. Where it has
    /// none, it is the last that was recorded, and is forgotten.
    pub(crate) fn spend(&self, product: Var<'_, T>, read: bool) {
        let mut record = self.record.borrow_mut();
        record.let_go(product.id, &mut self.pool.lock());
        if !read {
            record.forget_last();
        } else if let Some(node) = record.get_mut(product.id)
            && node.way == Way::Long
        {
            node.way = Way::Flushed;
        }
    }
}

impl<T: Real> Record<T> {
    /// Gives the memory of a value that stands aside to the pool.
    pub(crate) fn let_go(&mut self, id: u64, pool: &mut Pool<T>) {
        if let Some(node) = self.get_mut(id)
            && matches!(node.place, Place::Aside(_))
            && let Place::Aside(memory) = replace(&mut node.place, Place::Spent)
        {
            self.aside -= memory.len();
            pool.give(memory);
        }
    }

    /// Does the way back read the elements of `root`, or of its views?
    fn is_read_back(&self, root: u64, scratch: &RefCell<crate::kernel::Scratch<T>>) -> bool {
        let lookup = self.lookup();
        // A view stands behind what it is a view of.
        let is_view =
            |id: u64| matches!(lookup.node(id).place, Place::View { root: of, .. } if of == root);
        let is_it = |id: u64| id == root || id > root && is_view(id);
        let reads = |id: u64, node: &Node<T>| {
            let Kind::Op(op) = &node.kind else { return false };
            if id == root {
                return op.reads_output();
            }
            let (nodes, indices) = (self.inputs(node), self.indices_of(node));
            if node.way == Way::Share || !nodes.iter().any(|&input| is_it(input)) {
                return false;
            }
            let lent = Lent { lookup: &lookup, nodes, indices, scratch };
            let mut inputs = nodes.iter().enumerate();
            inputs.any(|(i, &input)| is_it(input) && op.reads(i, Inputs(&lent)))
        };
        (root..self.nodes.end()).any(|id| reads(id, lookup.node(id)))
    }

    /// What shares the elements of `root` has none any more, either.
    fn views_are_spent(&mut self, root: u64) {
        for id in root + 1..self.nodes.end() {
            if let Some(node) = self.get_mut(id)
                && let Place::View { root: of, offset } = node.place
                && of == root
            {
                node.place = Place::SpentView { offset };
            }
        }
    }

    fn forget_last(&mut self) {
        if let Some(mut node) = self.nodes.items.pop() {
            self.edges.truncate(node.edges);
            self.shells.take_back(&mut node.kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LONG;
    use crate::{
        Error, Map, Pointwise, Tape, Var,
        ops::{activation::tanh::Tanh, linear::matmul::MatMul, reduction::examples::wave},
    };
    use ndarray::ArrayD;

    /// Rows of 64, so many that they stand aside.
    const ROWS: usize = LONG / 64;
    const PRODUCT: MatMul = MatMul { left_t: false, right_t: false };

    type Leaves<'t> = [Var<'t, f64>; 4];

    fn leaves(tape: &Tape<f64>) -> Leaves<'_> {
        [[ROWS, 2], [2, 64], [ROWS / 2, 3], [3, 64]].map(|shape| tape.leaf(wave(&shape)))
    }

    /// `x W`, and the sum of the two halves of its rows with `h U`.
    fn sums<'t>([x, w, h, u]: Leaves<'t>) -> (Var<'t, f64>, [Var<'t, f64>; 2]) {
        let product = x.tape().apply_aside(PRODUCT, &[x, w], &[]);
        let halves = product.reshape([2, ROWS / 2, 64]);
        (product, [0, 1].map(|k| h.affine(u, halves.select(0, k))))
    }

    #[test]
    fn what_is_let_go_changes_no_gradient_and_its_memory_serves_the_next() {
        let run = |go: bool| -> (Vec<ArrayD<f64>>, usize) {
            let tape = Tape::new();
            let leaves = leaves(&tape);
            let mut loss = tape.leaf(0.0);
            for _ in 0..3 {
                let (product, [a, b]) = sums(leaves);
                if go {
                    tape.let_go(product);
                }
                loss = loss + (a * b).tanh().sum();
            }
            let gradients = tape.backward(loss);
            assert_eq!(tape.ledger().total().bytes(), tape.bytes());
            (leaves.iter().map(|&leaf| gradients[leaf].clone()).collect(), tape.bytes())
        };
        let ((kept, all), (gone, less)) = (run(false), run(true));
        assert_eq!(kept, gone);
        assert_eq!(less, all - 3 * LONG * 8);
    }

    #[test]
    fn what_the_way_back_reads_stays() {
        let tape = Tape::new();
        let [x, w, ..] = leaves(&tape);
        // By an op, by an op of a view, by its own op, by a formula.
        let aside = || tape.apply_aside(PRODUCT, &[x, w], &[]);
        let (a, b) = (aside(), aside());
        let (of_a, of_b) = (a.square(), b.slice(0, 1..3).square());
        let c = tape.apply_aside(Map(Tanh), &[a], &[]);
        let (d, formula) = (aside(), Pointwise::new(|[a, b]| [a * b]));
        let [of_d] = formula.apply(&[d, d]);
        for var in [a, b, c, d] {
            let value = var.value();
            tape.let_go(var);
            assert_eq!(var.value(), value);
        }
        let dx = tape.backward(of_a.sum() + of_b.sum() + c.sum() + of_d.sum());
        assert!(dx[w].iter().all(|&dw| dw != 0.0));
    }

    #[test]
    fn a_formula_reads_the_variable_in_which_its_input_lies() {
        let tape = Tape::new();
        let [x, w, ..] = leaves(&tape);
        let last = Pointwise::new(|[a, b, c, d]| [a + b + c * d]);
        let first = Pointwise::new(|[a, b, c, d]| [a * b + c + d]);
        for (formula, expected) in [(last, [true, false]), (first, [false, true])] {
            let both = [0, 1].map(|_| tape.apply_aside(PRODUCT, &[x, w], &[]));
            formula.apply(&both);
            let gone = both.map(|var| {
                tape.let_go(var);
                matches!(tape.try_apply(PRODUCT, &[w, var]), Err(Error::LetGo { .. }))
            });
            assert_eq!(gone, expected);
        }
    }

    #[test]
    fn who_asks_for_it_later_is_told() {
        let tape = Tape::new();
        let (product, [a, _]) = sums(leaves(&tape));
        let half = product.slice(0, 0..4);
        tape.let_go(half); // any view will do
        for (gone, node) in [(product, product.id()), (half, half.id())] {
            let error = tape.try_apply(PRODUCT, &[gone, a]).unwrap_err();
            assert_eq!(error, Error::LetGo { what: "MatMul", node });
            assert!(gone.part(0, std::panic::Location::caller()).is_none(), "nor is a part of it");
        }
        assert!(tape.table().to_string().contains("MatMul"));
        tape.let_go(half); // and once is enough
    }

    #[test]
    fn a_sweep_that_rests_between_its_readers_and_itself_goes_on() {
        let tape = Tape::new();
        let leaves = leaves(&tape);
        let [x, w, h, u] = leaves;
        let product = tape.apply_aside(PRODUCT, &[x, w], &[]);
        let halves = product.reshape([2, ROWS / 2, 64]);
        let mark = tape.mark();
        let [a, b] = [0, 1].map(|k| h.affine(u, halves.select(0, k)));
        let loss = (a * b).tanh().sum();
        tape.let_go(product);
        let whole = tape.backward(loss);
        let half = tape.backward_until(loss, mark);
        let resumed = tape.backward_resume(half, mark);
        for leaf in leaves {
            assert_eq!(resumed[leaf], whole[leaf]);
        }
    }

    #[test]
    fn a_short_one_stands_where_all_do() {
        let tape = Tape::<f64>::new();
        let [x, w] = [[2, 2], [2, 64]].map(|shape| tape.leaf(wave(&shape)));
        let product = tape.apply_aside(PRODUCT, &[x, w], &[]);
        tape.let_go(product);
        assert_eq!(product.value(), x.matmul(w).value());
    }

    #[test]
    fn a_clear_or_a_cut_brings_its_memory_back_and_keeps_what_is_read_later() {
        let mut tape = Tape::new();
        for _ in 0..2 {
            let (product, _) = sums(leaves(&tape));
            let (value, half) = (product.value(), product.slice(0, 0..4));
            let mark = tape.mark();
            let later = half * 2.0;
            tape.cut(mark);
            assert_eq!(
                later.value(),
                value.slice_axis(ndarray::Axis(0), (0..4).into()).to_owned() * 2.0
            );
            assert_eq!(tape.pool.lock().count(), 1);
            assert_eq!(tape.ledger().total().bytes(), tape.bytes());
            sums(leaves(&tape));
            assert_eq!(tape.pool.lock().count(), 0);
            tape.clear();
            assert_eq!((tape.pool.lock().count(), tape.bytes()), (1, 0));
        }
    }
}
