//! What a recurrence must say about itself.

use crate::{Bound, Input, Sequence, State, projected::Projected};
use smallvec::SmallVec;
use tape::{Real, Tape, Var};

/// How wide the parts of a state are, in the order of [`State::map`].
pub type Widths = SmallVec<[usize; 8]>;

/// A recurrence: `(xₜ, sₜ₋₁) ↦ sₜ`.
///
/// A cell is a value that knows its parameters by their ids, and a step is a function: nothing is hidden in it. A
/// cell of one's own is about ten lines, and runs wherever a built-in one does:
///
/// ```
/// use rnn::{Bound, Cell, Widths};
/// use tape::{ParamId, Real, Var};
///
/// /// hₜ = (1 − a) hₜ₋₁ + a tanh(xₜ W + hₜ₋₁ U): a leaky integrator.
/// struct Leaky { w: ParamId, u: ParamId, a: f64, hidden: usize }
///
/// impl<T: Real> Cell<T> for Leaky {
///     type State<'t> = Var<'t, T>;
///     fn widths(&self) -> Widths {
///         [self.hidden].into_iter().collect()
///     }
///     fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
///         let new = (x.matmul(p.var(self.w)) + h.matmul(p.var(self.u))).tanh();
///         h * T::of(1.0 - self.a) + new * T::of(self.a)
///     }
/// }
/// ```
pub trait Cell<T: Real> {
    /// What the cell carries.
    type State<'t>: State<'t, T>
    where
        T: 't;

    /// How wide the parts of the state are: `[H]`, or `[H, C]`.
    fn widths(&self) -> Widths;

    /// The part of a step that depends on the input only, for any number of steps together:
    /// `[.., X] → [.., P]`. What it returns is what [`step`](Cell::step) gets as `x`.
    ///
    /// By default the input as it is. A cell that projects here ([`Input::project`]) has a few long products in place of a
    /// short one at every step. It is asked for the steps of a sequence a stretch at a time: step `t` must not depend on what
    /// other steps come with it. The clock of `p` is that of the first.
    #[track_caller]
    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.dense(p.tape())
    }

    /// One step: the (projected) input `x` is `[B, P]`, every part of the state `[B, width]`.
    #[track_caller]
    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t>;

    /// The same step made of primitive ops, where `show` is given each gate by its name as soon as it is known: to
    /// watch its gradient, or to keep its value.
    ///
    /// A cell whose pointwise part is one node says here what it is made of. By default [`step`](Cell::step), of
    /// which nothing is shown.
    #[track_caller]
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        _show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.step(p, x, state)
    }

    /// How wide the output of a step is: as the first part of the state, if nothing else is said.
    fn output_width(&self) -> usize {
        self.widths().first().copied().unwrap_or(0)
    }

    /// Every step of a sequence, from the state `start`: pushes the output of each, in the order of time, and returns
    /// the last state. The clock of `p` is that of the first step.
    ///
    /// By default: [`project`](Cell::project) for a few steps (256 rows, more where inputs are wide), [`step`](Cell::step)
    /// for each of them, and so on: then the adjoint of what was projected is needed for these only, not for all T. A cell made
    /// of cells has better to do: each of its layers may project the outputs of the one below in the same way.
    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: Self::State<'t>,
        outputs: &mut Vec<Var<'t, T>>,
    ) -> Self::State<'t> {
        let first = xs.order().next().unwrap_or(0);
        let mut projected = Projected::new(self, p, xs.input().clone(), first);
        let (mut state, begin) = (start, outputs.len());
        for t in xs.order() {
            let p = p.at(p.time() + t);
            state = xs.step(t, state, |state| self.step(p, projected.step(t), state));
            outputs.push(state.output());
        }
        projected.let_go();
        xs.into_time(&mut outputs[begin..]);
        state
    }

    /// The state of zeros for `batch` rows, as constants.
    fn zeros<'t>(&self, tape: &'t Tape<T>, batch: usize) -> Self::State<'t> {
        let widths = self.widths();
        let mut widths = widths.iter();
        State::build(&mut || tape.zeros(&[batch, widths.next().copied().unwrap_or(0)]))
    }
}
