//! A formula that is applied to variables.

use super::{
    expr::Expr,
    plan::Plans,
    program::{Place, Program},
    run::Run,
};
use crate::{Real, Tape, Var, error::or_panic};
use std::{cell::RefCell, fmt, sync::Arc};

/// An elementwise function of `IN` inputs and `OUT` outputs as one node: see the [module](super).
///
/// Cheap to clone; make it once, in a cell's constructor.
#[derive(Clone)]
pub struct Pointwise<const IN: usize, const OUT: usize> {
    program: Arc<Program>,
    plans: Arc<Plans>,
}

impl<const IN: usize, const OUT: usize> Pointwise<IN, OUT> {
    /// Writes down what `f` does.
    ///
    /// `f` is run once, so it must do the same whatever the numbers: for one that branches on them there is
    /// `Branching`.
    pub fn new(f: impl for<'p> FnOnce([Expr<'p>; IN]) -> [Expr<'p>; OUT]) -> Self {
        let program = RefCell::new(Program { inputs: IN, ..Program::default() });
        let outputs = f(Self::inputs(&program)).map(Expr::place);
        Self::of(program.into_inner(), outputs)
    }

    /// [`new`](Self::new), for an `f` that may find that it is no formula, and then gives `None`.
    pub fn if_some(
        f: impl for<'p> FnOnce([Expr<'p>; IN]) -> Option<[Expr<'p>; OUT]>,
    ) -> Option<Self> {
        let program = RefCell::new(Program { inputs: IN, ..Program::default() });
        let outputs = f(Self::inputs(&program))?.map(Expr::place);
        Some(Self::of(program.into_inner(), outputs))
    }

    fn inputs(program: &RefCell<Program>) -> [Expr<'_>; IN] {
        std::array::from_fn(|k| Expr::input(program, k))
    }

    fn of(mut program: Program, outputs: [Place; OUT]) -> Self {
        program.outputs = outputs.to_vec();
        let plans = Plans::of(&program);
        Self { program: Arc::new(program), plans: Arc::new(plans) }
    }

    #[cfg(test)]
    pub(super) fn plans(&self) -> &Plans {
        &self.plans
    }

    pub(super) fn run(&self, spent: bool) -> Run {
        Run { plans: Arc::clone(&self.plans), spent }
    }

    /// The outputs, which stand one after the other in `node`.
    #[track_caller]
    pub(super) fn outputs<'t, T: Real>(&self, node: Var<'t, T>) -> [Var<'t, T>; OUT] {
        let mut outputs = [node; OUT];
        if OUT == 1 {
            return outputs;
        }
        for (k, output) in outputs.iter_mut().enumerate() {
            *output = node.select(0, k); // in no closure: it names the caller's line
        }
        outputs
    }

    /// Applies it to variables.
    ///
    /// The inputs may stand side by side on the last axis of one variable: `[.., 4H]` and `[.., H]` are five
    /// inputs of width `H`. Leading axes must be equal, or missing (a bias `[H]` serves all rows). Each output
    /// is `[.., H]`.
    ///
    /// # Panics
    /// When the variables do not amount to `IN` inputs of one width, or are of another tape.
    #[track_caller]
    pub fn apply<'t, T: Real>(&self, inputs: &[Var<'t, T>]) -> [Var<'t, T>; OUT] {
        let Some(first) = inputs.first() else {
            panic!("a pointwise function is applied to at least one variable")
        };
        or_panic(self.try_apply(first.tape(), inputs))
    }

    /// [`apply`](Self::apply), or the reason why not.
    #[track_caller]
    pub fn try_apply<'t, T: Real>(
        &self,
        tape: &'t Tape<T>,
        inputs: &[Var<'t, T>],
    ) -> crate::Result<[Var<'t, T>; OUT]> {
        Ok(self.outputs(tape.try_apply(self.run(false), inputs)?))
    }
}

impl<const IN: usize, const OUT: usize> fmt::Debug for Pointwise<IN, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pointwise {{ {} }}", self.program.to_string().replace('\n', "; "))
    }
}

/// The formula, one instruction to a line.
impl<const IN: usize, const OUT: usize> fmt::Display for Pointwise<IN, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.fmt(f)
    }
}
