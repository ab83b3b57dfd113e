//! Adjoints weighed on their way from step to step.
//!
//! ```text
//! sₜ = F(xₜ, sₜ₋₁)        s̄ₜ₋₁ += kₜ (∂F/∂s)ᵀ s̄ₜ
//! ```

use crate::{Bound, Cell, Input, State, Widths};
use tape::{Real, Tape, Var};

/// A cell whose steps are those of another, and whose state scales what flows back through it.
///
/// `k = 1` changes nothing, `k = 0` detaches, `k = 1/(1 − c)` makes up for a cut that might have been here and was not
/// ([`Randomized`](super::Randomized)). All parts of the state get the same factor, in all layers; the edges within a
/// step, from the input and to the readout, get none. It is the gradient of no function, unless all factors are 1.
///
/// ```
/// use rnn::{Cell, Elman, Input, ParamStore, bptt::Reweighted, init::Uniform, unroll};
/// # use rand::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut store = ParamStore::<f64>::new();
/// let cell = Elman::new(&mut store, "rnn", (2, 3), &Uniform::recurrent(3), &mut rng)?;
/// // The draw "no cut, cut": each with a chance of 1/4 beforehand.
/// let drawn = Reweighted { cell: &cell, factors: &[1.0, 1.0 / 0.75, 0.0], first: 0 };
///
/// let tape = tape::Tape::new();
/// let start = tape.leaf(ndarray::Array2::zeros((1, 3)));
/// let xs = Input::Dense(tape.constant(ndarray::Array3::ones((3, 1, 2))));
/// let states: Vec<_> = unroll(&drawn, store.bind(&tape), &xs, start).collect();
/// assert!(tape.backward(states[2].sum())[start].iter().all(|&g| g == 0.0)); // the last edge is cut
/// assert!(tape.backward(states[1].sum())[start].iter().any(|&g| g != 0.0));
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug)]
pub struct Reweighted<'c, T, C> {
    /// The cell that makes the steps.
    pub cell: &'c C,
    /// kₜ of each step, from the step `first` on; 1 where the list has ended.
    pub factors: &'c [T],
    /// The step to which the first factor belongs, by the clock of the parameters ([`Bound::at`]).
    pub first: usize,
}

impl<T: Real, C: Cell<T>> Reweighted<'_, T, C> {
    #[track_caller]
    fn entering<'t>(&self, t: usize, state: C::State<'t>) -> C::State<'t> {
        let factor = t.checked_sub(self.first).and_then(|at| self.factors.get(at));
        match factor {
            None => state,
            Some(&k) if k == T::ONE => state,
            Some(&k) if k == T::ZERO => state.map(&mut |part| part.detach()),
            Some(&k) => state.map(&mut |part| part.scale_gradient(k)),
        }
    }
}

impl<T: Real, C: Cell<T>> Cell<T> for Reweighted<'_, T, C> {
    type State<'t>
        = C::State<'t>
    where
        T: 't;

    fn widths(&self) -> Widths {
        self.cell.widths()
    }

    fn output_width(&self) -> usize {
        self.cell.output_width()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        self.cell.project(p, x)
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        self.cell.step(p, x, self.entering(p.time(), state))
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.cell.step_in_parts(p, x, self.entering(p.time(), state), show)
    }

    fn zeros<'t>(&self, tape: &'t Tape<T>, batch: usize) -> Self::State<'t> {
        self.cell.zeros(tape, batch)
    }
}
