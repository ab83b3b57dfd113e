//! Backpropagation through time within a budget of memory: store some states, make the steps between them again.
//!
//! ```text
//! s₀ ── advance ──► s₄₀₀ ── advance ──► s₇₀₀ ── record 300 steps, sweep      what is stored: s₄₀₀, s₇₀₀
//!                   s₄₀₀ ── record 300 steps, sweep ◄── s̄₇₀₀, θ̄
//! s₀ ── record 400 steps, sweep ◄── s̄₄₀₀, θ̄
//! ```
//!
//! Nothing is approximated. A stretch that is recorded last is swept from what later stretches want of its last state, and its
//! sweep goes on with the sums they have begun; so the gradient has the bits of one sweep over one tape.

use super::{Budget, Plan, budget::Costs, schedule::advance};
use crate::{Bound, Cell, Error, Result, Sequence, State, state::States};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use smallvec::SmallVec;
use std::{fmt, ops::Range};
use tape::{Gradients, Real, Shape, Tape, Var};

/// Rows that the tape gathers before it multiplies: memory for packing them grows until there are so many.
const GATHERED: usize = 256;

/// Steps for which there is room beyond a leaf: for what its first and its last step have more than others.
const SPARE: usize = 8;

/// What is too small to be measured: shapes, the plan's own lists.
const SMALL: usize = 16 << 10;

/// A recurrence over T steps, with a loss at each, to be differentiated within a [`Budget`].
///
/// `start` makes the first state, `input` puts the input of a step on the tape, `[1, B, X]`, and `loss` makes one number of
/// a step's output `[B, H]` (a constant zero where there is none). They are called once and again, and must do the same each
/// time; the clock of their [`Bound`] is set to the step, so that dropout does. What they read must not stand on the tape,
/// of which everything is cut off time and again.
///
/// ```
/// use rnn::{Cell, Elman, Input, ParamStore, bptt::{Budget, Checkpointed}, init::Uniform};
/// # use rand::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut store = ParamStore::<f32>::new();
/// let cell = Elman::new(&mut store, "rnn", (1, 8), &Uniform::recurrent(8), &mut rng)?;
/// let tape = tape::Tape::new();
/// let mut run = Checkpointed::new(
///     &tape,
///     &cell,
///     2000,
///     |p| cell.zeros(p.tape(), 1),
///     |p, t| Input::Dense(p.tape().constant(ndarray::Array3::from_elem((1, 1, 1), (t as f32).sin()))).into(),
///     |_, _, h| h.square().sum(),
/// );
/// let plan = run.plan(store.bind(&tape), Budget::bytes(400_000))?;
/// let (_loss, _gradients) = run.backward(store.bind(&tape), &plan)?;
/// assert!(plan.bytes() <= 400_000 && plan.forward() < 3 * 2000);
/// # Ok::<(), rnn::Error>(())
/// ```
pub struct Checkpointed<'t, 'c, T: Real, C: Cell<T>, A, I, L> {
    tape: &'t Tape<T>,
    cell: &'c C,
    steps: usize,
    start: A,
    input: I,
    loss: L,
    /// The shapes of the state's parts.
    shapes: SmallVec<[Shape; 8]>,
    /// Stored states, one behind the other.
    stored: Vec<T>,
    losses: Vec<T>,
    outputs: Vec<Var<'t, T>>,
    /// Steps for which the tape has yet to make room.
    room: usize,
    /// What a step takes.
    step: usize,
}

impl<T: Real, C: Cell<T>, A, I, L> fmt::Debug for Checkpointed<'_, '_, T, C, A, I, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpointed").field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// A swept stretch: gradients, and the state at which what earlier ones need has arrived.
struct Swept<'t, T: Real> {
    gradients: Gradients<T>,
    before: States<'t, T>,
}

impl<'t, 'c, 'd, T, C, A, I, L> Checkpointed<'t, 'c, T, C, A, I, L>
where
    T: Real,
    C: Cell<T>,
    A: FnMut(Bound<'t, '_, T>) -> C::State<'t>,
    I: FnMut(Bound<'t, '_, T>, usize) -> Sequence<'t, 'd, T>,
    L: FnMut(Bound<'t, '_, T>, usize, Var<'t, T>) -> Var<'t, T>,
{
    /// `steps` steps of `cell`, on a tape of their own.
    pub fn new(tape: &'t Tape<T>, cell: &'c C, steps: usize, start: A, input: I, loss: L) -> Self {
        let (shapes, stored) = (SmallVec::new(), Vec::new());
        let (losses, outputs) = (Vec::new(), Vec::with_capacity(1));
        Self {
            tape,
            cell,
            steps,
            start,
            input,
            loss,
            shapes,
            stored,
            losses,
            outputs,
            room: 0,
            step: 0,
        }
    }

    /// What will be stored and what made again, the fewest steps forward that the budget allows; nothing of it is done yet.
    ///
    /// To know what a step takes, the first two and the last two are recorded and swept. Every other is taken to be like the
    /// larger of these.
    ///
    /// # Errors
    /// When the budget is smaller than what a single step takes: the error says what is the least. When a loss is not one
    /// number.
    pub fn plan(&mut self, p: Bound<'t, '_, T>, budget: Budget) -> Result<Plan> {
        if self.steps == 0 {
            return Err(Error::Data {
                what: "a sequence of 0 steps".into(),
                rule: "there is no gradient of nothing".into(),
                remedy: "give 1 step or more",
            });
        }
        let start = (self.start)(p);
        self.shapes = start.parts().iter().map(|part| part.shape()).collect();
        self.tape.cut(self.tape.mark());
        self.stored = vec![T::ZERO; self.state_len()];
        self.losses = vec![T::ZERO; self.steps];
        let (mut step, mut swept) = (0, None);
        let last = self.steps.saturating_sub(2)..self.steps;
        for (slot, steps) in [(Some(0), last), (None, 0..self.steps.min(2))] {
            let (next, cost) = self.stretch(p, steps, slot, swept.as_ref())?;
            (step, swept) = (step.max(cost), Some(next));
        }
        let packed = swept.iter().flat_map(|swept| swept.gradients.params()).map(|(_, g)| {
            GATHERED * g.shape().iter().map(|n| n.next_multiple_of(64)).sum::<usize>()
        });
        let packed = packed.max().unwrap_or(0) * size_of::<T>();
        drop(swept);
        let losses = self.steps * size_of::<T>();
        (self.stored, self.losses) = (Vec::new(), Vec::new());
        self.step = step;
        let fixed = self.tape.held() + losses + packed + SMALL + SPARE * step;
        let state = self.state_len() * size_of::<T>() + size_of::<usize>();
        Plan::within(budget, self.steps, Costs { fixed, step, state })
    }

    /// The sum of the losses and its gradient, as planned.
    ///
    /// # Errors
    /// When the plan is for another number of steps, or a loss is not one number.
    pub fn backward(&mut self, p: Bound<'t, '_, T>, plan: &Plan) -> Result<(T, Gradients<T>)> {
        if plan.steps() != self.steps || self.shapes.is_empty() {
            return Err(Error::Data {
                what: format!("a plan for {} steps", plan.steps()),
                rule: format!("it is not of this run, which has {}", self.steps),
                remedy: "ask this very run for a plan",
            });
        }
        self.stored = vec![T::ZERO; (plan.states() + 1) * self.state_len()];
        self.losses = vec![T::ZERO; self.steps];
        let mut stack = Vec::with_capacity(plan.states() + 2);
        stack.push(0);
        let (mut end, mut swept) = (self.steps, None);
        self.room = plan.leaf().saturating_sub(2);
        while let Some(&from) = stack.last() {
            let slot = stack.len().checked_sub(2);
            if end - from > plan.leaf() {
                let free = (plan.states() + 1).saturating_sub(stack.len());
                let to = from + advance(end - from, plan.leaf(), free);
                self.advance(p, from..to, slot, stack.len() - 1);
                stack.push(to);
            } else {
                swept = Some(self.stretch(p, from..end, slot, swept.as_ref())?.0);
                end = from;
                stack.pop();
            }
        }
        let total = self.losses.iter().skip(1).fold(self.losses[0], |sum, &loss| sum + loss);
        (self.stored, self.losses) = (Vec::new(), Vec::new());
        self.tape.unbind();
        let Some(swept) = swept else { unreachable!("the last stretch begins at the first step") };
        Ok((total, swept.gradients))
    }

    fn state_len(&self) -> usize {
        self.shapes.iter().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// The stored state of a slot as leaves, or the first state where there is none; and what gradients arrive at.
    fn restore(
        &mut self,
        p: Bound<'t, '_, T>,
        slot: Option<usize>,
    ) -> (C::State<'t>, States<'t, T>) {
        let Some(slot) = slot else { return ((self.start)(p), States::new()) };
        let len = self.state_len();
        let mut rest = &self.stored[slot * len..][..len];
        let (mut shapes, mut leaves) = (self.shapes.iter(), States::new());
        let state = State::build(&mut || {
            let shape = shapes.next().map_or(&[][..], |shape| &shape[..]);
            let (part, behind) = rest.split_at(shape.iter().product());
            rest = behind;
            let Ok(part) = ArrayViewD::from_shape(IxDyn(shape), part) else {
                unreachable!("as many elements as the shape has")
            };
            let leaf = self.tape.leaf(part);
            leaves.push(leaf);
            // To the steps it is no leaf, but what another step made: sums are taken in the same order then.
            leaf.reshape(shape)
        });
        (state, leaves)
    }

    /// One step, at its time.
    fn step(&mut self, p: Bound<'t, '_, T>, t: usize, state: C::State<'t>) -> C::State<'t> {
        let p = p.at(t);
        let xs = (self.input)(p, t);
        self.outputs.clear();
        self.cell.run(p, &xs, state, &mut self.outputs)
    }

    /// Makes the steps of a range without recording them for a sweep, and stores the last state.
    fn advance(
        &mut self,
        p: Bound<'t, '_, T>,
        range: Range<usize>,
        from: Option<usize>,
        to: usize,
    ) {
        let _pause = self.tape.pause();
        let (mut state, _) = self.restore(p, from);
        for t in range {
            state = self.step(p, t, state);
            let now = self.tape.mark();
            state = state.map(&mut |part| part.detach());
            self.tape.cut(now);
        }
        let len = self.state_len();
        let mut stored = self.stored[to * len..][..len].iter_mut();
        for part in state.parts() {
            part.with(|values| {
                values.iter().zip(stored.by_ref()).for_each(|(&value, stored)| *stored = value);
            });
        }
        self.tape.cut(self.tape.mark());
    }

    /// Records the steps of a range and sweeps them, on from what later steps have begun; and what the last one takes.
    fn stretch(
        &mut self,
        p: Bound<'t, '_, T>,
        range: Range<usize>,
        slot: Option<usize>,
        later: Option<&Swept<'t, T>>,
    ) -> Result<(Swept<'t, T>, usize)> {
        let (mut state, before) = self.restore(p, slot);
        let mut total: Option<Var<'t, T>> = None;
        let mut mark = self.tape.mark();
        for t in range.clone() {
            mark = self.tape.mark();
            state = self.step(p, t, state);
            let output = self.outputs.last().copied().unwrap_or_else(|| state.output());
            let loss = (self.loss)(p.at(t), t, output);
            let shape = loss.shape();
            if shape.iter().product::<usize>() != 1 {
                self.tape.cut(self.tape.mark());
                return Err(tape::Error::NotScalar { shape }.into());
            }
            let loss = if shape.is_empty() { loss } else { loss.sum() };
            self.losses[t] = loss.item();
            total = Some(total.map_or(loss, |sum| sum + loss));
            if t == range.start + 1 && self.room > 0 {
                // So that the record need not move while it grows, though another step be larger than this.
                let leaf = std::mem::take(&mut self.room) * self.step;
                let times = leaf.div_ceil(self.tape.cost_since(mark).max(1));
                self.tape.reserve(mark, times + SPARE / 2);
            }
        }
        let (cost, one) = (self.tape.cost_since(mark), ndarray::arr0(T::ONE).into_dyn());
        let mut seeds: SmallVec<[(Var<'t, T>, &ArrayD<T>); 32]> = SmallVec::new();
        seeds.extend(total.map(|total| (total, &one)));
        if let Some(Swept { gradients, before }) = later {
            for (part, arrived) in state.parts().into_iter().zip(before) {
                seeds.push((part, gradients.get(*arrived)?));
            }
            let begun = gradients.params().filter(|(id, _)| !gradients.is_unused(*id));
            seeds.extend(begun.map(|(id, sum)| (p.instead(&[]).var(id), sum)));
        }
        let gradients = self.tape.try_backward_from(&seeds)?;
        self.tape.cut(self.tape.mark());
        Ok((Swept { gradients, before }, cost))
    }
}
