//! A whole sequence on the tape, with a hand on every state and every loss.

use crate::{Bound, Cell, Input, State, States, bptt::Window, unroll::step};
use ndarray::ArrayD;
use tape::{Gradients, Mark, Real, Tape, Var};

/// A recurrence recorded step by step from `s₀`, every state watched.
///
/// Between two steps stands a node that changes nothing, once for the step that follows and once for the loss. So
/// what comes back through time and what comes from the loss can be told apart, and so can the parts of a state.
///
/// ```
/// use ndarray::{Array1, Array3};
/// use rnn::{Cell, Input, diagnose::Unrolled};
/// # use rnn::{Elman, ParamStore, init::Identity};
/// # use rand::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// # let mut store = ParamStore::<f64>::new();
/// # let cell = Elman::without_bias(&mut store, "rnn", (2, 2), &Identity { scale: 0.5 }, &mut rng)?;
/// let tape = tape::Tape::new();
/// let xs = Input::Dense(tape.constant(Array3::from_elem((8, 1, 2), 0.3)));
/// let run = Unrolled::new(&cell, store.bind(&tape), &xs, cell.zeros(&tape, 1), |_, h| h.square().sum());
/// let flow = run.flow();
/// assert!(flow.by_lag()[5] < 0.05 * flow.by_lag()[0]);
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug)]
pub struct Unrolled<'t, T: Real, S> {
    pub(super) tape: &'t Tape<T>,
    /// `s₀ … s_T`, as the next step takes them.
    pub(super) carried: Vec<S>,
    /// `h₁ … h_T`, as the losses read them.
    pub(super) read: Vec<Var<'t, T>>,
    /// `L₁ … L_T`
    pub(super) losses: Vec<Var<'t, T>>,
    /// Where each step begins.
    marks: Vec<Mark<'t, T>>,
}

impl<'t, T: Real, S: State<'t, T>> Unrolled<'t, T, S> {
    /// Records a step for each of the inputs `[T, B, X]`, and after each what `loss` makes one number of `t` (from 0)
    /// and `hₜ₊₁ [B, H]`.
    ///
    /// # Panics
    /// When the shapes do not fit, or a loss is not one number.
    #[track_caller]
    pub fn new<C: Cell<T, State<'t> = S>>(
        cell: &C,
        p: Bound<'t, '_, T>,
        xs: &Input<'t, '_, T>,
        start: S,
        loss: impl FnMut(usize, Var<'t, T>) -> Var<'t, T>,
    ) -> Self {
        Self::with_carry(cell, p, xs, start, loss, |_, _, part| part)
    }

    /// [`new`](Unrolled::new), where `carry` has a say in what is handed from one step to the next: it is given the
    /// step that made the state (from 1, 0 for `s₀`), the number of the part, and the part.
    ///
    /// # Panics
    /// As `new`.
    #[track_caller]
    pub fn with_carry<C: Cell<T, State<'t> = S>>(
        cell: &C,
        p: Bound<'t, '_, T>,
        xs: &Input<'t, '_, T>,
        start: S,
        mut loss: impl FnMut(usize, Var<'t, T>) -> Var<'t, T>,
        mut carry: impl FnMut(usize, usize, Var<'t, T>) -> Var<'t, T>,
    ) -> Self {
        let tape = p.tape();
        let mut hand_on = |t, state: S| {
            let mut part = 0..;
            state.map(&mut |var| {
                let var = carry(t, part.next().unwrap_or_default(), var);
                var.scale_gradient(T::ONE).watch()
            })
        };
        let mut run = Self {
            tape,
            carried: vec![hand_on(0, start)],
            read: Vec::new(),
            losses: Vec::new(),
            marks: Vec::new(),
        };
        for t in 0..xs.lead()[0] {
            run.marks.push(tape.mark());
            let p = p.at(p.time() + t);
            let x = step(cell.project(p, xs.steps(t..t + 1)), 0);
            let state = cell.step(p, x, run.carried[t]);
            let h = state.output().scale_gradient(T::ONE).watch();
            let of_step = loss(t, h);
            let _ = of_step.item();
            run.read.push(h);
            run.losses.push(of_step);
            run.carried.push(hand_on(t + 1, state));
        }
        run
    }

    /// T
    pub fn steps(&self) -> usize {
        self.losses.len()
    }

    /// `L₁ … L_T`
    pub fn losses(&self) -> &[Var<'t, T>] {
        &self.losses
    }

    /// The parts of `sₜ`, for t from 0 to T.
    ///
    /// # Panics
    /// When t is beyond T.
    pub fn state(&self, t: usize) -> States<'t, T> {
        self.carried[t].parts()
    }

    /// The gradient of `Σₜ Lₜ`.
    pub fn gradients(&self) -> Gradients<T> {
        let one = ArrayD::from_elem(ndarray::IxDyn(&[]), T::ONE);
        let shaped =
            |loss: &Var<'t, T>| (*loss, one.clone().into_shape_with_order(&loss.shape()[..]));
        let seeds: Vec<_> =
            self.losses.iter().map(shaped).filter_map(|(l, s)| Some((l, s.ok()?))).collect();
        let seeds: Vec<_> = seeds.iter().map(|(loss, one)| (*loss, one)).collect();
        self.tape.backward_from(&seeds)
    }

    /// What the sweeps of a truncation give in its place, added up: nothing is recorded again, a sweep just rests where
    /// the window begins.
    pub fn truncated(&self, window: Window) -> Gradients<T> {
        let mut sum: Option<Gradients<T>> = None;
        let (mut from, steps) = (0, self.steps());
        for to in 1..=steps {
            if to % window.k1() != 0 && !(to == steps && window.flushes()) {
                continue;
            }
            let first = to.saturating_sub(window.k2());
            for &loss in &self.losses[from.max(first)..to] {
                // From the very beginning, so that a learned s₀ gets its share.
                let part = match first {
                    0 => self.tape.backward(loss),
                    _ => self.tape.backward_until(loss, self.marks[first]),
                };
                match &mut sum {
                    Some(sum) => sum.accumulate(&part),
                    None => sum = Some(part),
                }
            }
            from = to;
        }
        sum.unwrap_or_else(|| self.tape.backward_from(&[]))
    }
}
