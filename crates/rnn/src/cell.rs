//! What a recurrence must say about itself.

use crate::{Bound, Input};
use smallvec::SmallVec;
use tape::{Real, Tape, Var};

/// What is carried from one step to the next: `h`, or `(h, c)`, or states of states.
pub trait State<'t, T: Real>: Copy {
    /// The same state with every part replaced.
    #[must_use]
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self;

    /// A state whose parts come from `next`, first part first.
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self;

    /// The part that the layers above read: `h`.
    fn output(self) -> Var<'t, T>;
}

impl<'t, T: Real> State<'t, T> for Var<'t, T> {
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self {
        replace(self)
    }
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self {
        next()
    }
    fn output(self) -> Var<'t, T> {
        self
    }
}

impl<'t, T: Real, A: State<'t, T>, B: State<'t, T>> State<'t, T> for (A, B) {
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self {
        (self.0.map(replace), self.1.map(replace))
    }
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self {
        (A::build(next), B::build(next))
    }
    fn output(self) -> Var<'t, T> {
        self.0.output()
    }
}

/// How wide the parts of a state are, in the order of [`State::map`].
pub type Widths = SmallVec<[usize; 2]>;

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

    /// The part of a step that depends on the input only, for any number of steps at once:
    /// `[.., X] → [.., P]`. What it returns is what [`step`](Cell::step) gets as `x`.
    ///
    /// By default the input as it is. A cell that projects here has one long product in place of a short one at
    /// every step.
    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.dense(p.tape())
    }

    /// One step: the (projected) input `x` is `[B, P]`, every part of the state `[B, width]`.
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
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        _show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.step(p, x, state)
    }

    /// The state of zeros for `batch` rows, as constants.
    fn zeros<'t>(&self, tape: &'t Tape<T>, batch: usize) -> Self::State<'t> {
        let widths = self.widths();
        let mut widths = widths.iter();
        State::build(&mut || tape.zeros(&[batch, widths.next().copied().unwrap_or(0)]))
    }
}
