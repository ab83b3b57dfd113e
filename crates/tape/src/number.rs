//! Chains of numbers: the short way through the tape.
//!
//! A node without axes needs no shape to be found, no loop over elements and no buffer for its adjoint. What is left
//! of recording it is to compute one number and to write the node down; what is left of sweeping it is one product
//! for each input. The bits are those of the long way.

use crate::{
    Op, Real, Tape, Var,
    node::{Kind, Node, Place, Way},
    record::Record,
    running::Running,
    shapes::ShapeId,
    sweep::Sweep,
};
use std::{cell::RefMut, panic::Location};

impl<T: Real> Tape<T> {
    /// What `op` makes of numbers, and whether it wants a gradient; `None` where it has no [`number`](Op::number) or
    /// where an input is none.
    #[inline(always)]
    pub(crate) fn number<O: Op<T>>(
        &self,
        record: &Record<T>,
        op: &O,
        inputs: &[Var<'_, T>],
    ) -> Option<(T, bool)> {
        if inputs.is_empty() || inputs.len() > 2 {
            return None;
        }
        let mut x = [T::ZERO; 2];
        let mut wants = false;
        for (x, var) in x.iter_mut().zip(inputs) {
            if !std::ptr::eq(self, var.tape) || var.id < record.front {
                return None;
            }
            let node = record.nodes.items.get((var.id - record.nodes.base) as usize)?;
            if node.shape != ShapeId::NUMBER {
                return None;
            }
            *x = record.lookup().number_of(node);
            wants |= node.wants;
        }
        Some((op.number(&x[..inputs.len()])?, wants))
    }

    /// Records that `op` made the number `y`.
    #[inline(always)]
    pub(crate) fn push_number(
        &self,
        mut guard: RefMut<'_, Record<T>>,
        op: Box<dyn Op<T>>,
        inputs: &[Var<'_, T>],
        (y, wants): (T, bool),
        site: &'static Location<'static>,
    ) -> Var<'_, T> {
        let record = &mut *guard;
        let id = record.nodes.end();
        let edges = record.edges.end();
        for var in inputs {
            record.nodes.items[(var.id - record.nodes.base) as usize].last_use = id;
            record.edges.items.push(var.id);
        }
        let address = record.values.push(y);
        let paused = self.pauses.get() > 0;
        let indices = record.indices.end();
        let node = record.nodes.push_blank();
        node.kind = Kind::Op(op);
        node.place = Place::Arena(address);
        node.len = 1;
        node.edges = edges;
        node.inputs = inputs.len() as u32;
        node.indices = indices;
        node.wants = wants && !paused;
        node.paused = paused;
        node.way = if paused { Way::Long } else { Way::Number };
        node.site = site;
        let strict = record.strict;
        drop(guard);
        if strict {
            self.insist_finite(id);
        }
        Var { tape: self, id }
    }
}

impl<'a, T: Real> Sweep<'a, T> {
    /// One node of the sweep that is a number made of numbers.
    #[inline(always)]
    pub(crate) fn number(&mut self, id: u64, node: &'a Node<T>) {
        let Kind::Op(op) = &node.kind else { return };
        let Some(sum) = self.slot(id) else { return };
        let &mut [dy] = sum.as_mut_slice() else { return };
        *sum = Running::Zero;
        let lookup = self.lookup;
        let one = |node: &'a Node<T>| lookup.number_of(node);
        let edges = self.record.inputs(node);
        match *edges {
            [a] => {
                let a_node = lookup.node(a);
                let [da, _] = op.backward_number([one(a_node), T::ZERO], one(node), dy);
                if a_node.wants {
                    self.add_number(a, da);
                }
            }
            [a, b] => {
                let (a_node, b_node) = (lookup.node(a), lookup.node(b));
                let [da, db] = op.backward_number([one(a_node), one(b_node)], one(node), dy);
                if a_node.wants {
                    self.add_number(a, da);
                }
                if b_node.wants {
                    self.add_number(b, db);
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn add_number(&mut self, id: u64, term: T) {
        if let Some(sum) = self.slot(id) {
            sum.add_number(term);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Var};
    use ndarray::ArrayD;

    /// What the short way has rules for: one operand, two, the same one twice, a constant, a view, a number of its own.
    fn formula<'t>(x: Var<'t, f64>, a: Var<'t, f64>) -> Var<'t, f64> {
        let mut y = x;
        for k in 0..20 {
            y = (y * y).sigmoid() - a / (y.tanh() + 1.5) + (x * 0.3).exp() * y.powf(2.0) * 0.1;
            if k == 9 {
                y = y.watch();
            }
        }
        y.hook(|mut dy| dy *= 0.5)
    }

    fn run(shape: &[usize], hooked: bool) -> [u64; 4] {
        let tape = Tape::<f64>::new();
        let full = |value| ArrayD::from_elem(shape, value);
        let (x, a) = (tape.leaf(full(0.7)), tape.leaf(full(-0.4)));
        let c = tape.constant(full(1.1));
        let y = if hooked { formula(x, a * c) } else { (x * x + a * c).tanh() / (x - a) };
        let gradients = tape.backward(y);
        let again = tape.backward(y);
        [y.item(), gradients[x].sum(), gradients[a].sum(), again[x].sum()].map(f64::to_bits)
    }

    #[test]
    fn a_number_has_the_bits_of_an_array_of_one() {
        for hooked in [false, true] {
            assert_eq!(run(&[], hooked), run(&[1, 1], hooked));
        }
    }

    #[test]
    fn adjoints_stop_at_constants_and_pauses() {
        let tape = Tape::<f64>::new();
        let (x, c) = (tape.leaf(3.0), tape.constant(2.0));
        let paused = tape.no_grad(|| x * c);
        let y = paused * x + c.exp() * c;
        assert_eq!(tape.backward(y)[x].first(), Some(&6.0));
        let _ = c.watch();
        assert!(tape.backward(y).get(paused).is_err());
    }

    #[test]
    fn an_op_that_panics_on_a_number_leaves_nothing_behind() {
        #[derive(Debug)]
        struct Broken;
        impl crate::Elementwise<f64> for Broken {
            fn f(&self, x: f64) -> f64 {
                assert!(x < 1.0, "too much");
                x
            }
            fn df(&self, x: f64, _: f64) -> f64 {
                assert!(x > 0.0, "too little");
                1.0
            }
        }
        let tape = Tape::<f64>::new();
        let attempt = |f: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        let (big, small) = (tape.leaf(2.0), tape.leaf(-1.0));
        assert!(attempt(&|| assert_eq!(big.apply(crate::Map(Broken)).item(), 2.0)).is_err());
        assert_eq!(tape.len(), 2);
        let y = small.apply(crate::Map(Broken)) * small;
        assert!(attempt(&|| drop(tape.backward(y))).is_err());
        assert_eq!(tape.backward(small * big)[small].first(), Some(&2.0));
    }
}
