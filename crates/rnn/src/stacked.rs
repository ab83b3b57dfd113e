//! A cell on top of a cell.

use crate::{Bound, Cell, Input, Sequence, State, Widths};
use tape::{Real, Var};

/// `upper` reads at every step what `lower` has just put out; together they are a cell again, so a stack may be as deep
/// as one likes: `Stacked::new(a, Stacked::new(b, c))`.
///
/// Over many steps it is done layer by layer, so that the inputs of the upper cell, too, are projected in long
/// products. The bits are the same.
#[derive(Debug, Clone, Copy)]
pub struct Stacked<A, B> {
    /// Reads the inputs.
    pub lower: A,
    /// Reads the outputs of `lower`. Its output is that of both.
    pub upper: B,
}

impl<A, B> Stacked<A, B> {
    /// `upper` on top of `lower`.
    pub fn new(lower: A, upper: B) -> Self {
        Self { lower, upper }
    }
}

/// The states of two cells, one on top of the other. The output is the upper one's.
#[derive(Debug, Clone, Copy)]
pub struct StackedState<A, B> {
    /// Of the lower cell.
    pub lower: A,
    /// Of the upper cell.
    pub upper: B,
}

impl<'t, T: Real, A: State<'t, T>, B: State<'t, T>> State<'t, T> for StackedState<A, B> {
    fn map(self, replace: &mut dyn FnMut(Var<'t, T>) -> Var<'t, T>) -> Self {
        Self { lower: self.lower.map(replace), upper: self.upper.map(replace) }
    }
    fn build(next: &mut dyn FnMut() -> Var<'t, T>) -> Self {
        Self { lower: A::build(next), upper: B::build(next) }
    }
    fn output(self) -> Var<'t, T> {
        self.upper.output()
    }
}

impl<T: Real, A: Cell<T>, B: Cell<T>> Cell<T> for Stacked<A, B> {
    type State<'t>
        = StackedState<A::State<'t>, B::State<'t>>
    where
        T: 't;

    fn widths(&self) -> Widths {
        self.lower.widths().into_iter().chain(self.upper.widths()).collect()
    }

    fn output_width(&self) -> usize {
        self.upper.output_width()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        self.lower.project(p, x)
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        let lower = self.lower.step(p, x, state.lower);
        let x = self.upper.project(p, Input::Dense(lower.output()));
        let upper = self.upper.step(p, x, state.upper);
        p.tape().let_go(x);
        StackedState { lower, upper }
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        let lower = self.lower.step_in_parts(p, x, state.lower, show);
        let x = self.upper.project(p, Input::Dense(lower.output()));
        StackedState { lower, upper: self.upper.step_in_parts(p, x, state.upper, show) }
    }

    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: Self::State<'t>,
        outputs: &mut Vec<Var<'t, T>>,
    ) -> Self::State<'t> {
        let begin = outputs.len();
        let lower = self.lower.run(p, xs, start.lower, outputs);
        if outputs.len() == begin {
            return start;
        }
        let between = Input::Dense(p.tape().stack(&outputs[begin..]));
        outputs.truncate(begin);
        let upper = self.upper.run(p, &xs.with_input(between), start.upper, outputs);
        StackedState { lower, upper }
    }
}
