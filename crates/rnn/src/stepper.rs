//! One step after the other on plain arrays: for use, not for training.

use crate::{Bound, Cell, Input, ParamStore, Result, State, state};
use ndarray::ArrayD;
use tape::{Real, Tape, Value};

/// A cell in use: it is given inputs, keeps its state, and shows its output.
///
/// No gradient, no tape to be seen, memory that does not grow with time, and the same bits as on a tape: because inside
/// there is one, on which each step is recorded by the cell's own [`step`](Cell::step), during a [pause](Tape::pause),
/// and forgotten. A step that has been made before allocates nothing.
///
/// ```
/// use rnn::{Elman, ParamStore, Stepper, init::Uniform};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut store = ParamStore::<f64>::new();
/// let cell = Elman::new(&mut store, "rnn", (2, 8), &Uniform::recurrent(8), &mut rng)?;
/// let mut stepper = Stepper::new(&cell, &store, 1);
/// for t in 0..1000 {
///     let h = stepper.step(ndarray::arr2(&[[0.1, f64::from(t)]]));
///     assert_eq!(h.shape(), [1, 8]);
/// }
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug)]
pub struct Stepper<'m, T: Real, C> {
    cell: &'m C,
    store: &'m ParamStore<T>,
    tape: Tape<T>,
    /// The parts of the state.
    state: Vec<ArrayD<T>>,
    output: ArrayD<T>,
    time: usize,
}

impl<'m, T: Real, C: Cell<T>> Stepper<'m, T, C> {
    /// A stepper for `batch` rows, from the state of zeros.
    pub fn new(cell: &'m C, store: &'m ParamStore<T>, batch: usize) -> Self {
        let tape = Tape::new();
        let zeros = cell.zeros(&tape, batch);
        let state = zeros.parts().iter().map(|part| part.value()).collect();
        let output = zeros.output().value();
        Self { cell, store, tape: Tape::new(), state, output, time: 0 }
    }

    /// One step with the inputs `[B, X]`; returns the output, `[B, O]`.
    ///
    /// # Panics
    /// When the inputs do not fit the cell or the batch.
    #[track_caller]
    pub fn step(&mut self, x: impl Value<T>) -> &ArrayD<T> {
        self.advance(|tape| Input::Dense(tape.constant(x)))
    }

    /// One step with a class for each row, of `classes` in all: as with rows of zeros and a one.
    ///
    /// # Panics
    /// When there is not one class for each row, or a class is out of range.
    #[track_caller]
    pub fn step_class(&mut self, indices: &[usize], classes: usize) -> &ArrayD<T> {
        let lead = [indices.len()].into_iter().collect();
        self.advance(|_| Input::OneHot { indices, classes, lead })
    }

    #[track_caller]
    fn advance<'d>(
        &mut self,
        input: impl for<'t> FnOnce(&'t Tape<T>) -> Input<'t, 'd, T>,
    ) -> &ArrayD<T> {
        self.tape.clear();
        let tape = &self.tape;
        let _pause = tape.pause();
        let x = input(tape);
        let lead = x.lead();
        let rows = self.output.shape()[0];
        assert!(
            lead[..] == [rows],
            "inputs for {:?} in a step of {rows} rows: they are [B, X]; \
             make a stepper for each size of batch",
            &lead[..]
        );
        let p: Bound<'_, '_, T> = self.store.bind(tape).at(self.time);
        let mut parts = self.state.iter();
        let state = C::State::build(&mut || match parts.next() {
            Some(part) => tape.constant(part),
            None => panic!("a state of more parts than the cell's zeros"),
        });
        let x = self.cell.project(p, x);
        let state = self.cell.step(p, x, state);
        for (to, from) in self.state.iter_mut().zip(state.parts()) {
            from.with(|values| to.assign(&values));
        }
        state.output().with(|values| self.output.assign(&values));
        self.time += 1;
        &self.output
    }

    /// The output of the last step, `[B, O]`.
    pub fn output(&self) -> &ArrayD<T> {
        &self.output
    }

    /// The parts of the state after the last step, `[B, width]` each.
    pub fn state(&self) -> &[ArrayD<T>] {
        &self.state
    }

    /// How many steps have been made.
    pub fn time(&self) -> usize {
        self.time
    }

    /// Goes on from another state: one that was kept, or that a training run ended in
    /// ([`Unrolling::state_values`](crate::bptt::Unrolling::state_values)).
    ///
    /// # Errors
    /// When it is of another cell or another number of rows; the state stays what it was then.
    pub fn set_state(&mut self, state: &[ArrayD<T>]) -> Result<()> {
        let fits = |(own, new): (&ArrayD<T>, &ArrayD<T>)| own.shape() == new.shape();
        if state.len() != self.state.len() || !self.state.iter().zip(state).all(fits) {
            let shapes = |state: &[ArrayD<T>]| -> Vec<_> {
                state.iter().map(|s| s.shape().to_vec()).collect()
            };
            return Err(state::misfit(
                &shapes(state),
                self.output.shape()[0],
                &shapes(&self.state),
            ));
        }
        self.state.iter_mut().zip(state).for_each(|(own, new)| own.assign(new));
        Ok(())
    }
}
