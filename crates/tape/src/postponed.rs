//! Adjoints that are put off until their turn.
//!
//! What was joined (`stack`, or `concat` along the first axis) has an adjoint that is its parts', one stretch after the other.
//! If each part were given its stretch at once, all would be written to memory of their own, and most would have left every
//! cache when they are read. So a stretch stays where it is until something is added to it, or its part is swept. (Where all
//! fits the first cache, nothing is gained, and each gets its own.)

use crate::{
    Adjoint, Inputs, Op, Real, buffer::Buffer, pool::Pool, running::Running, sweep::Sweep,
};
use std::ops::Range;

/// Elements of an adjoint that are worth it.
pub(crate) const LONG: usize = 1 << 12;

/// The adjoint of what was joined, and how many of its stretches are still to be fetched.
#[derive(Debug)]
pub(crate) struct Postponed<T> {
    key: u64,
    adjoint: Buffer<T>,
    left: usize,
}

impl<T: Real> Sweep<'_, T> {
    /// Leaves `dy` to the inputs of an op that [joined](Op::joins) them.
    pub(crate) fn put_off(&mut self, op: &dyn Op<T>, x: Inputs<'_, T>, dy: Buffer<T>) {
        let (len, mut end) = (dy.len(), 0);
        let key = self.pool.put_off(dy);
        for (i, &input) in x.0.nodes.iter().enumerate() {
            let stretch = end..end + x.node(i).len;
            end = stretch.end;
            if !x.node(i).wants || !op.differentiable(i) || stretch.is_empty() {
                continue;
            }
            if let Some(slot) = self.slot(input)
                && slot.is_zero()
                && stretch.len() > 1
            {
                *slot = Running::Postponed(key, stretch);
                self.pool.leave(key);
                continue;
            }
            let (mut sum, term) = (self.take(input), self.pool.copy(key, stretch));
            if sum.is_zero() {
                sum = term;
            } else {
                sum.add_part(0, term.as_slice());
                term.give_to(self.pool);
            }
            self.put(input, sum);
        }
        debug_assert_eq!(end, len, "{} says that it joins its inputs, and does not", op.name());
        self.pool.fetched(key);
    }

    /// Lets `add` write what the adjoint of node `id` is with another term, where so far it is this stretch of what was put
    /// off.
    #[inline(never)]
    pub(crate) fn add_to_postponed(
        &mut self,
        id: u64,
        (key, stretch): (u64, Range<usize>),
        add: impl FnOnce(Adjoint<'_, T>),
    ) {
        let mut sum = Running::rubbish(self.pool, stretch.len());
        let before = self.pool.stretch(key, stretch);
        add(Adjoint { slice: sum.as_mut_slice(), fresh: Some(before) });
        self.put(id, sum);
        self.pool.fetched(key);
    }
}

impl<T: Real> Pool<T> {
    /// Takes an adjoint, until whoever brings it and whoever it is [left](Self::leave) to has [fetched](Self::fetched) it.
    fn put_off(&mut self, adjoint: Buffer<T>) -> u64 {
        self.keys += 1; // and not a node: a checkpoint's tape within a sweep has nodes of the same numbers
        self.postponed.push(Postponed { key: self.keys, adjoint, left: 1 });
        self.keys
    }

    fn at(&self, key: u64) -> Option<usize> {
        self.postponed.iter().rposition(|postponed| postponed.key == key)
    }

    fn leave(&mut self, key: u64) {
        if let Some(at) = self.at(key) {
            self.postponed[at].left += 1;
        }
    }

    /// A stretch of what was put off.
    pub(crate) fn stretch(&self, key: u64, stretch: Range<usize>) -> &[T] {
        self.at(key).map_or(&[], |at| &self.postponed[at].adjoint[stretch])
    }

    /// The same in memory of its own.
    fn copy(&mut self, key: u64, stretch: Range<usize>) -> Running<T> {
        let mut copy = Running::rubbish(self, stretch.len());
        copy.as_mut_slice().copy_from_slice(self.stretch(key, stretch));
        copy
    }

    /// One less to come.
    pub(crate) fn fetched(&mut self, key: u64) {
        let Some(at) = self.at(key) else { return };
        self.postponed[at].left -= 1;
        if self.postponed[at].left == 0 {
            let memory = self.postponed.swap_remove(at).adjoint;
            self.give(memory);
        }
    }
}

impl<T: Real> Running<T> {
    /// The sum, in memory of its own if it had been put off.
    #[inline(always)]
    pub(crate) fn fetched(self, pool: &mut Pool<T>) -> Self {
        match self {
            Self::Postponed(key, stretch) => {
                let copy = pool.copy(key, stretch);
                pool.fetched(key);
                copy
            }
            sum => sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LONG;
    use crate::{
        Adjoint, Inputs, Misfit, Op, Output, Pointwise, Result, Shape, Tape, Var,
        ops::reduction::examples::wave,
    };

    /// So wide that four parts are worth it.
    const WIDE: usize = LONG / 4;

    /// A weighted sum of what is joined from the rows of `x`, some of which are used otherwise, too, before it or after.
    fn joined<'t>(tape: &'t Tape<f64>, x: Var<'t, f64>, join: bool) -> Var<'t, f64> {
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| x.select(0, k) * 1.5);
        let before = (a * b).sum();
        let parts = [a, c, a, b, d];
        let weights = wave(&[5, WIDE]);
        let weight = |k: usize| tape.constant(weights.index_axis(ndarray::Axis(0), k));
        let sum = if join {
            (tape.stack(&parts) * tape.constant(weights.clone())).sum()
        } else {
            let terms = parts.iter().enumerate().map(|(k, &part)| (part * weight(k)).sum());
            terms.reduce(|sum, term| sum + term).unwrap_or(before)
        };
        before + sum + (c * c).sum()
    }

    #[test]
    fn each_part_gets_its_stretch_however_often_and_whatever_else_it_gets() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(wave(&[4, WIDE]));
        let [one, two] = [true, false].map(|join| tape.backward(joined(&tape, x, join)));
        approx::assert_relative_eq!(one[x], two[x], max_relative = 1e-14);
    }

    #[test]
    fn a_product_is_added_to_a_stretch_where_it_stands() {
        let tape = Tape::<f64>::new();
        let (x, w) =
            (tape.leaf(wave(&[8, WIDE / 8])), tape.leaf(wave(&[WIDE / 8, WIDE / 8]) * 0.1));
        let weights = wave(&[4, 8, WIDE / 8]);
        let steps: Vec<_> = std::iter::successors(Some(x), |h| Some(h.matmul(w))).take(4).collect();
        let weight = |k: usize| tape.constant(weights.index_axis(ndarray::Axis(0), k));
        let terms = steps.iter().enumerate().map(|(k, &h)| (h * weight(k)).sum());
        let apart = terms.reduce(|sum, term| sum + term).unwrap_or(x);
        let joined = (tape.stack(&steps) * tape.constant(weights.clone())).sum();
        let [one, two] = [joined, apart].map(|loss| tape.backward(loss));
        for leaf in [x, w] {
            approx::assert_relative_eq!(one[leaf], two[leaf], max_relative = 1e-12);
        }
    }

    #[test]
    fn a_formula_adds_to_a_stretch_where_it_stands() {
        // Of the second formula an input is not read, and one row serves all.
        let whole = Pointwise::new(|[x, h]| [(1.0 - x) * h + x * x.tanh()]);
        let partly = Pointwise::new(|[a, _, c, h]| [a * h + c.tanh()]);
        let tape = Tape::<f64>::new();
        let start = tape.leaf(wave(&[4, WIDE / 2]));
        let row = tape.leaf(wave(&[WIDE / 2]));
        let mut steps = vec![start * 0.5];
        for t in 0..4 {
            let h = steps[t];
            let pair = tape.concat(1, &[h, h * 0.5, h]);
            steps.push(if t % 2 == 0 {
                whole.apply(&[h * 0.3, h])[0]
            } else {
                partly.apply(&[pair, row])[0]
            });
        }
        let weights = wave(&[5, 4, WIDE / 2]);
        let weight = |k: usize| tape.constant(weights.index_axis(ndarray::Axis(0), k));
        let terms = steps.iter().enumerate().map(|(k, &h)| (h * weight(k)).sum());
        let apart = terms.reduce(|sum, term| sum + term).unwrap_or(start);
        let joined = (tape.stack(&steps) * tape.constant(weights.clone())).sum();
        let [one, two] = [joined, apart].map(|loss| tape.backward(loss));
        for leaf in [start, row] {
            approx::assert_relative_eq!(one[leaf], two[leaf], max_relative = 1e-12);
        }
    }

    /// An op that adds nothing to anybody's adjoint.
    #[derive(Debug)]
    struct Silent;

    impl Op<f64> for Silent {
        fn shape(&self, _: Inputs<'_, f64>) -> Result<Shape, Misfit> {
            Ok(Shape::new())
        }
        fn forward(&self, _: Inputs<'_, f64>, y: &mut [f64], _: &mut [f64]) {
            y[0] = 1.0;
        }
        fn backward(
            &self,
            _: usize,
            _: Inputs<'_, f64>,
            _: Output<'_, f64>,
            _: &[f64],
            _: Adjoint<'_, f64>,
        ) {
        }
    }

    #[test]
    fn a_rule_that_scatters_or_writes_nothing_leaves_the_stretch_as_it_is() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(wave(&[4, WIDE]));
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| x.select(0, k) * 1.0);
        let other = a.gather_rows(&[3, 5, 3]).sum() + b.apply(Silent);
        let weights = wave(&[4, WIDE]);
        let sum = (tape.stack(&[a, b, c, d]) * tape.constant(weights.clone())).sum();
        let mut expected = weights;
        expected[[0, 3]] += 2.0;
        expected[[0, 5]] += 1.0;
        assert_eq!(tape.backward(other + sum)[x], expected.into_dyn());
    }

    #[test]
    fn leaves_numbers_and_what_no_gradient_reaches_may_be_joined() {
        let tape = Tape::<f64>::new();
        let [a, b] = [0.5, -0.5].map(|shift| tape.leaf(wave(&[WIDE]) + shift));
        let (n, c) = (tape.leaf(5.0), tape.constant(wave(&[WIDE])));
        let y = tape.concat(0, &[a, c, b.detach(), n.reshape([1]), a]);
        let w = wave(&[4 * WIDE + 1]);
        let gradients = tape.backward((y * tape.constant(w.clone())).sum());
        assert_eq!(gradients[n].first(), Some(&w[[3 * WIDE]]));
        assert!(gradients[b].iter().all(|&db| db == 0.0));
        for k in 0..WIDE {
            assert_eq!(gradients[a][[k]], w[[k]] + w[[3 * WIDE + 1 + k]]);
        }
    }

    #[test]
    fn all_memory_comes_back() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(wave(&[4, WIDE]));
        let loss = joined(&tape, x, true);
        drop(tape.backward(loss));
        let free = tape.pool.lock().count();
        drop(tape.backward(loss));
        assert_eq!(tape.pool.lock().count(), free);
        assert!(tape.pool.lock().postponed.is_empty());
    }
}
