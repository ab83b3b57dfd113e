//! Part of the way back: a sweep that rests at a mark.
//!
//! ```text
//! backward_until(L, mark)        h̄ = ∂L/∂h at every h before the mark that later nodes read
//! backward_resume(…, mark)       from those h̄ to the beginning
//! ```
//!
//! What crosses the mark is the whole influence of the past on the loss. It can be looked at, changed, kept for
//! later; or left alone, which truncates without cutting.

use crate::{
    Error, Gradients, Mark, Real, Result, Tape, Var,
    error::or_panic,
    node::{Kind, Node},
    sweep::Sweep,
};
use ndarray::aview0;
use std::{iter::once, mem::take};

impl<T: Real> Tape<T> {
    /// [`backward`](Tape::backward), but only through what was recorded after `mark`.
    ///
    /// The gradients are those of leaves, parameters and watched variables behind the mark, and of everything before it
    /// (watched or not) at which an adjoint arrived from behind: these are partial sums, without what flows between
    /// nodes before the mark. A parameter bound before the mark has its partial sum under its id, too, unless a newer
    /// version of it was bound behind.
    ///
    /// [Hooks](Var::hook) before the mark are not called: nothing is complete there.
    ///
    /// # Panics
    /// When `loss` is not one number, or it or `mark` is of another tape, or `loss` was released by a cut.
    #[track_caller]
    pub fn backward_until(&self, loss: Var<'_, T>, mark: Mark<'_, T>) -> Gradients<T> {
        or_panic(self.try_backward_until(loss, mark))
    }

    /// [`backward_until`](Tape::backward_until), or the reason why not.
    pub fn try_backward_until(&self, loss: Var<'_, T>, mark: Mark<'_, T>) -> Result<Gradients<T>> {
        let record = self.record.borrow();
        let node = self.check(&record, &loss, || "backward_until")?;
        self.check_mark(mark, "backward_until")?;
        if node.len != 1 {
            return Err(Error::NotScalar { shape: record.shape(node).clone() });
        }
        let one = T::ONE;
        let seed = once((loss.id, aview0(&one).into_dyn()));
        Ok(self.sweep(&record, seed, None, mark.id()..u64::MAX))
    }

    /// Sweeps on from where [`backward_until`](Tape::backward_until) rested at the same mark: then the gradients are,
    /// bit for bit, those of one sweep.
    ///
    /// What was changed in `half` meanwhile under variables before the mark flows on as changed.
    ///
    /// # Panics
    /// When `half` or `mark` is of another tape, or a cut has released what `half` rests on.
    #[track_caller]
    pub fn backward_resume(&self, half: Gradients<T>, mark: Mark<'_, T>) -> Gradients<T> {
        or_panic(self.try_backward_resume(half, mark))
    }

    /// [`backward_resume`](Tape::backward_resume), or the reason why not.
    pub fn try_backward_resume(
        &self,
        mut half: Gradients<T>,
        mark: Mark<'_, T>,
    ) -> Result<Gradients<T>> {
        let record = self.record.borrow();
        self.check_mark(mark, "backward_resume")?;
        if !half.pool.is(&self.pool) {
            return Err(Error::Foreign { what: "backward_resume", node: mark.id() });
        }
        let mut kept = take(&mut half.kept);
        let before = kept.split(mark.id());
        for &(id, _) in &before {
            let let_go = record.get(id).is_some_and(|node| node.is_spent());
            if !let_go {
                self.check(&record, &Var { tape: self, id }, || "backward_resume")?;
            }
        }
        let seeds = before.iter().map(|(id, cotangent)| (*id, cotangent.view()));
        let mut whole = self.sweep(&record, seeds, Some(kept), 0..mark.id());
        whole.end = half.end;
        let mut pool = self.pool.lock();
        for (_, cotangent) in before {
            pool.give_memory(cotangent.into_raw_vec_and_offset().0);
        }
        drop(pool);
        Ok(whole)
    }

    /// Sweeps from `loss` and adds its parameters' gradients to `gradients`, in the memory they have:
    /// [`backward`](Tape::backward), then [`Gradients::accumulate`].
    ///
    /// Gradients of other variables stay those of the sweep that `gradients` come from.
    ///
    /// # Panics
    /// When `loss` is not one number, is of another tape, or was released by a cut.
    #[track_caller]
    pub fn backward_into(&self, gradients: &mut Gradients<T>, loss: Var<'_, T>) {
        gradients.accumulate(&self.backward(loss));
    }

    fn check_mark(&self, mark: Mark<'_, T>, what: &'static str) -> Result<()> {
        if std::ptr::eq(self, mark.tape) {
            return Ok(());
        }
        Err(Error::Foreign { what, node: mark.id() })
    }
}

impl<'a, T: Real> Sweep<'a, T> {
    /// A node before the window: keeps what has arrived.
    pub(crate) fn arrived(&mut self, id: u64, node: &'a Node<T>) {
        match &node.kind {
            Kind::Op(_) if node.wants || node.watched => {
                let dy = self.take(id);
                if !dy.is_zero() {
                    let dy = dy.into_buffer(self.pool);
                    self.kept.keep(id, self.record.shape(node), dy);
                }
            }
            Kind::Op(_) | Kind::Constant => self.discard(id),
            Kind::Leaf => {
                let sum = self.gathered(id);
                if !sum.is_empty() {
                    self.kept.keep(id, self.record.shape(node), sum);
                }
            }
            Kind::Param(param) => {
                let sum = self.gathered(id);
                if sum.is_empty() {
                } else if self.kept.has(*param) {
                    // The newer leaf has its complete gradient: a partial sum must not mix with it.
                    self.kept.keep(id, self.record.shape(node), sum);
                } else if let Err(memory) = self.kept.keep_param(
                    id,
                    (*param, node.version()),
                    true,
                    self.record.shape(node),
                    sum,
                ) {
                    self.pool.give(memory);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Param, ParamId, Tape, Var};
    use ndarray::{Array, ArrayD};
    use slotmap::SlotMap;

    fn matrix(rows: usize, columns: usize, phase: f64) -> ArrayD<f64> {
        Array::from_shape_fn((rows, columns), |(i, j)| f64::sin(phase + (i * columns + j) as f64))
            .into_dyn()
    }

    /// The last state and the sum of all: what reaches every step, however fast adjoints fade.
    fn steps<'t>(mut h: Var<'t, f64>, w: Var<'t, f64>, count: usize) -> [Var<'t, f64>; 2] {
        let mut sum = h;
        for k in 0..count {
            h = (h.matmul(w) + h * 0.3 + 0.01 * k as f64).tanh();
            sum = sum + h;
        }
        [h, sum]
    }

    fn params() -> [Param<f64>; 2] {
        let mut ids = SlotMap::<ParamId, ()>::with_key();
        [0.1, 0.7].map(|phase| Param::new(ids.insert(()), matrix(3, 3, phase)))
    }

    #[test]
    fn two_half_sweeps_are_one_sweep_bit_for_bit() {
        let tape = Tape::<f64>::new();
        let [p, q] = params();
        let (w, h0) = (tape.param(&p), tape.leaf(matrix(2, 3, 0.4)));
        let [h1, sum1] = steps(h0, w, 150);
        let mark = tape.mark();
        let v = tape.param(&q);
        let behind = [0.1, 0.2, 0.3, 0.4, 0.5].map(|k| tape.leaf(k));
        let [h2, sum2] = steps(h1, w, 150);
        let h2 = behind.iter().fold(h2 * h1, |h, &k| h * k).watch();
        let loss = (h2.matmul(v) * h0 + sum1 * sum2).sum() + w.square().sum();

        let whole = tape.backward(loss);
        let half = tape.backward_until(loss, mark);
        assert_ne!(half[p.id], whole[p.id]);
        assert_eq!(half[h1].shape(), [2, 3]);
        let resumed = tape.backward_resume(half, mark);
        for var in behind.into_iter().chain([w, h0, v, h2]) {
            assert_eq!(resumed[var], whole[var]);
        }
        for id in [p.id, q.id] {
            assert_eq!(resumed[id], whole[id]);
        }
        assert!(resumed.get(h1).is_err());
        assert_eq!(resumed.params().count(), 2);
    }

    #[test]
    fn the_adjoints_at_the_mark_are_seeds_for_a_sweep_by_hand() {
        let tape = Tape::<f64>::new();
        let (w, h0) = (tape.leaf(matrix(3, 3, 0.1)), tape.leaf(matrix(2, 3, 0.4)));
        let [h1, _] = steps(h0, w, 5);
        let mark = tape.mark();
        let loss = steps(h1, w, 5)[1].sum();
        let half = tape.backward_until(loss, mark);
        let by_hand = tape.backward_from(&[(w, &half[w]), (h1, &half[h1])]);
        let whole = tape.backward(loss);
        assert_eq!((&by_hand[w], &by_hand[h0]), (&whole[w], &whole[h0]));
    }

    #[test]
    fn a_parameter_written_in_between_keeps_its_two_leaves_apart() {
        let tape = Tape::<f64>::new();
        let [mut p, _] = params();
        let old = tape.param(&p);
        let h = tape.leaf(matrix(2, 3, 0.4)).matmul(old);
        let mark = tape.mark();
        *std::sync::Arc::make_mut(&mut p.value) *= 2.0;
        p.version += 1;
        let new = tape.param(&p);
        let loss = (h.matmul(new) * h).sum() + (old * new).sum();
        let whole = tape.backward(loss);
        let half = tape.backward_until(loss, mark);
        assert_eq!(half[p.id], half[new]);
        let resumed = tape.backward_resume(half, mark);
        assert_eq!(resumed[p.id], whole[p.id]);
        assert_eq!(resumed.version(p.id), Some(1));
    }

    #[test]
    fn a_sweep_into_gradients_adds_the_parameters_terms() {
        let tape = Tape::<f64>::new();
        let [p, q] = params();
        let (w, v) = (tape.param(&p), tape.param(&q));
        let (first, second) = (w.square().sum(), (w * v).sum());
        let mut gradients = tape.backward(first);
        tape.backward_into(&mut gradients, second);
        let (one, two) = (tape.backward(first), tape.backward(second));
        for id in [p.id, q.id] {
            assert_eq!(gradients[id], &one[id] + &two[id]);
        }
    }

    #[test]
    fn a_mark_of_another_tape_is_refused() {
        let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
        let x = tape.leaf(1.0);
        assert!(tape.try_backward_until(x, other.mark()).is_err());
        assert!(other.try_backward_resume(tape.backward(x), other.mark()).is_err());
    }
}
