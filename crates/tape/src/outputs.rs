//! One node, several outputs.
//!
//! ```text
//! y = (h, c)        h = y[0]        c = y[1]        x̄ᵢ += h̄ · ∂h/∂xᵢ + c̄ · ∂c/∂xᵢ
//! ```
//!
//! An op whose [outputs](Op::outputs) are several leaves them one after the other, and each is a view that is recorded right
//! behind it. Their adjoints could be put together to that of `y`, as those of other views are. But an op that is to read
//! them one by one may as well have them where they are.

use crate::{
    Inputs, Op, Output, Real,
    node::{Kind, Node, Place},
    running::Running,
    sweep::Sweep,
};
use smallvec::SmallVec;
use std::mem::take;

/// The elements of each output, of those of all.
pub(crate) fn each<T>(all: &[T], outputs: usize) -> SmallVec<[&[T]; 8]> {
    let len = all.len() / outputs.max(1);
    let mut each = SmallVec::new();
    for k in 0..outputs {
        each.push(&all[k * len..][..len]);
    }
    each
}

impl<'a, T: Real> Sweep<'a, T> {
    /// Is the view `id`, at `offset` of `whole`, one of the outputs whose adjoints may stay where they are? Then nothing has
    /// been added to the whole so far, and nobody will look at its adjoint.
    #[inline]
    pub(crate) fn is_output(
        &mut self,
        id: u64,
        view: &Node<T>,
        (whole, node): (u64, &Node<T>),
        offset: usize,
    ) -> bool {
        let Kind::Op(op) = &node.kind else { return false };
        let outputs = op.outputs();
        outputs > 1
            && op.joint()
            && node.wants
            && self.plain
            && whole >= self.first
            && !(node.watched || node.paused || matches!(node.place, Place::View { .. }))
            && view.len * outputs == node.len
            && (id - whole - 1) as usize * view.len == offset
            && self.slot(whole).is_some_and(|sum| sum.is_zero())
    }

    /// The sweep of an op from the adjoints of its outputs, zero where none has arrived.
    pub(crate) fn of_outputs(&mut self, id: u64, op: &dyn Op<T>, node: &'a Node<T>) {
        let (outputs, len) = (op.outputs() as u64, node.len / op.outputs());
        let mut dy: SmallVec<[Running<T>; 8]> = SmallVec::new();
        for view in id + 1..id + 1 + outputs {
            // Behind it may stand what is no view of it.
            let node = self.record.get(view);
            let known =
                node.is_some_and(|view| matches!(*self.record.inputs(view), [of] if of == id));
            dy.push(if known { self.take(view) } else { Running::Zero });
        }
        if dy.iter().all(Running::is_zero) {
            return;
        }
        let mut each: SmallVec<[&[T]; 8]> = SmallVec::new();
        for dy in &mut dy {
            if dy.is_zero() {
                *dy = Running::rubbish(self.pool, len);
                dy.as_mut_slice().fill(T::ZERO);
            }
            each.push(dy.as_slice());
        }
        let (lent, made) = (self.lent(node), self.made(node));
        self.jointly(op, Inputs(&lent), Output(&made), &each);
        drop(each);
        for dy in &mut dy {
            take(dy).give_to(self.pool);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::each;
    use crate::{
        Adjoint, Inputs, Misfit, Op, Output, Pointwise, Shape, Tape, Var, gradcheck,
        ops::reduction::examples::wave,
    };
    use ndarray::ArrayD;

    fn three() -> Pointwise<2, 3> {
        Pointwise::new(|[a, b]| [a * b, a.tanh(), (b - a).sigmoid()])
    }

    /// Which of the outputs are used, and in what other ways.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Use {
        All,
        FirstAndLast,
        MiddleTwice,
        AllAndTheWhole,
        AllAndOneOnceMore,
    }
    use Use::*;

    fn loss<'t>(x: Var<'t, f64>, used: Use) -> Var<'t, f64> {
        let [mut a, mut b] = [x.select(0, 0), x.select(0, 1)];
        let mut total = x.tape().leaf(0.0);
        for _ in 0..3 {
            let [u, v, w] = three().apply(&[a, b]);
            let whole = || x.tape().stack(&[u, v, w]).square();
            [a, b] = match used {
                All => [u * v, w],
                FirstAndLast => [u, w * 2.0],
                MiddleTwice => [v, v],
                AllAndTheWhole => [u * w, v + whole().sum()],
                AllAndOneOnceMore => [u * v, w + v],
            };
            total = total + (a * u).sum();
        }
        total + b.sum()
    }

    fn gradient(used: Use, looked_on: bool) -> ArrayD<f64> {
        let tape = Tape::new();
        let x = tape.leaf(wave(&[2, 3, 4]));
        let y = loss(x, used);
        if looked_on {
            x.hook(|_| ()); // then all adjoints are put together
        }
        drop(tape.backward(x.sum())); // leaves memory behind that is not zero
        tape.backward(y)[x].clone()
    }

    #[test]
    fn adjoints_that_stay_where_they_are_make_the_same_bits() {
        for used in [All, FirstAndLast, MiddleTwice, AllAndTheWhole, AllAndOneOnceMore] {
            assert_eq!(gradient(used, false), gradient(used, true), "{used:?}");
        }
    }

    #[test]
    fn backward_matches_central_differences() {
        for used in [All, FirstAndLast, MiddleTwice, AllAndTheWhole, AllAndOneOnceMore] {
            gradcheck::function(|_, x| loss(x[0], used), &[wave(&[2, 3, 4])]).assert();
        }
    }

    #[test]
    fn the_node_itself_and_a_view_that_is_no_output_may_be_read() {
        let tape = Tape::new();
        let x = tape.leaf(wave(&[2, 4]));
        let [a, b] = [x.select(0, 0), x.select(0, 1)];
        let [u, v, w] = three().apply(&[a, b]);
        // The node of all outputs stands before the first of them.
        let all = Var { tape: &tape, id: u.id - 1 };
        let weights = tape.constant(wave(&[2, 4]));
        let y = (u * v).sum() + (all.slice(0, 1..3) * weights).sum() + all.square().sum();
        let gradient = tape.backward(y)[x].clone();
        let [m, n] = [0, 1].map(|k| weights.select(0, k));
        let squares = u.square() + v.square() + w.square();
        let expected = tape.backward((u * v + v * m + w * n + squares).sum());
        approx::assert_relative_eq!(gradient, expected[x], max_relative = 1e-14);
    }

    #[test]
    fn an_output_that_is_selected_later_is_a_view_like_any_other() {
        let tape = Tape::new();
        let x = tape.leaf(wave(&[2, 4]));
        let [u, ..] = three().apply(&[x.select(0, 0), x.select(0, 1)]);
        let all = Var { tape: &tape, id: u.id - 1 };
        let [expected, found] = [u, all.select(0, 0)].map(|u| tape.backward(u.sum())[x].clone());
        assert_eq!(found, expected);
    }

    #[test]
    fn who_watches_the_node_sees_its_whole_adjoint() {
        let tape = Tape::new();
        let x = tape.leaf(wave(&[2, 4]));
        let [u, v, w] = three().apply(&[x.select(0, 0), x.select(0, 1)]);
        let all = Var { tape: &tape, id: u.id - 1 }.watch();
        let gradients = tape.backward((u * 2.0 + v * 3.0 + w * 4.0).sum());
        let expected = ndarray::Array2::from_shape_fn((3, 4), |(k, _)| k as f64 + 2.0);
        assert_eq!(gradients[all], expected.into_dyn());
    }

    /// `y = (2x, 3x)`
    #[derive(Debug, Clone, Copy)]
    struct TwoAndThree {
        joint: bool,
    }

    impl Op<f64> for TwoAndThree {
        fn shape(&self, x: Inputs<'_, f64>) -> Result<Shape, Misfit> {
            Ok([2].into_iter().chain(x.shape(0).iter().copied()).collect())
        }
        fn forward(&self, x: Inputs<'_, f64>, y: &mut [f64], _: &mut [f64]) {
            let terms = [2.0, 3.0].into_iter().flat_map(|k| x[0].iter().map(move |x| k * x));
            y.iter_mut().zip(terms).for_each(|(y, term)| *y = term);
        }
        fn backward(
            &self,
            _: usize,
            x: Inputs<'_, f64>,
            y: Output<'_, f64>,
            dy: &[f64],
            dx: Adjoint<'_, f64>,
        ) {
            Self { joint: true }.backward_jointly(x, y, &each(dy, 2), &mut [Some(dx)]);
        }
        fn joint(&self) -> bool {
            self.joint
        }
        fn outputs(&self) -> usize {
            2
        }
        fn backward_jointly(
            &self,
            _: Inputs<'_, f64>,
            _: Output<'_, f64>,
            dy: &[&[f64]],
            dx: &mut [Option<Adjoint<'_, f64>>],
        ) {
            assert!(self.joint);
            if let Some(dx) = dx[0].take() {
                dx.add(dy[0].iter().zip(dy[1]).map(|(a, b)| 2.0 * a + 3.0 * b));
            }
        }
    }

    #[test]
    fn an_op_of_ones_own_may_have_several_outputs_of_which_a_view_may_show_all() {
        for joint in [true, false] {
            let op = TwoAndThree { joint };
            gradcheck::op(op, &[wave(&[3])]).assert();
            let tape = Tape::new();
            let x = tape.leaf([1.0, 2.0]);
            let (all, y) = (x.apply(op).slice(0, 0..2), x.apply(op));
            let [two, three] = [0, 1].map(|k| y.select(0, k));
            let weights = tape.constant(ndarray::arr2(&[[1.0, 2.0], [10.0, 20.0]]));
            let expected = ndarray::arr1(&[32.0, 64.0]).into_dyn();
            assert_eq!(tape.backward((all * weights).sum())[x], expected);
            let [a, b] = [0, 1].map(|k| weights.select(0, k));
            assert_eq!(tape.backward((two * a + three * b).sum())[x], expected);
        }
    }

    #[test]
    fn a_sweep_may_rest_between_a_node_and_its_outputs() {
        let tape = Tape::new();
        let x = tape.leaf([1.0, 2.0]);
        let y = x.apply(TwoAndThree { joint: true });
        let mark = tape.mark();
        let [u, v] = [0, 1].map(|k| y.select(0, k));
        let loss = (u.square() + v).sum();
        let half = tape.backward_until(loss, mark);
        let whole = tape.backward(loss);
        assert_eq!(tape.backward_resume(half, mark)[x], whole[x]);
    }

    #[test]
    fn all_memory_comes_back() {
        let tape = Tape::new();
        let y = loss(tape.leaf(wave(&[2, 3, 4])), FirstAndLast);
        drop(tape.backward(y));
        let free = tape.pool.lock().count();
        drop(tape.backward(y));
        assert_eq!(tape.pool.lock().count(), free);
    }
}
