//! Whole sequences in, whole sequences out: cells, and what is made of them.
//!
//! A [`Cell`](crate::Cell) knows one step; a [`Layer`] knows the sequence, and so may read it from both ends. Every cell becomes a layer
//! by [`Recurrent`]. Layers are put together at run time, in any mix:
//!
//! ```
//! use rnn::{Elman, Input, ParamStore, Sequence, init::Uniform};
//! use rnn::layers::{Bidirectional, Layer, Merge, Recurrent, Stack};
//! use rand::SeedableRng;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut store = ParamStore::<f64>::new();
//! let init = Uniform::recurrent(8);
//! let mut cell = |name, inputs| {
//!     Elman::new(&mut store, name, (inputs, 8), &init, &mut rng).map(Recurrent)
//! };
//! let both = Bidirectional::new(cell("there", 2)?, cell("back", 2)?, Merge::Concat);
//! let stack = Stack::new().then(both).then(cell("top", 16)?);
//!
//! let tape = tape::Tape::new();
//! let x = Input::Dense(tape.constant(ndarray::Array3::from_elem((5, 3, 2), 0.1)));
//! let xs = Sequence::time_major(x).with_lengths(&[2, 5, 4])?;
//! let run = stack.run(store.bind(&tape), &xs, &stack.zero_states(&tape, 3));
//! assert_eq!(run.outputs.shape()[..], [5, 3, 8]);
//! assert_eq!(run.states.len(), 3);
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! # Both directions and truncation
//!
//! [`Unrolling`](crate::bptt::Unrolling) takes cells, and a [`Bidirectional`] is none: the backward direction begins at an end that a window
//! has not seen. The compiler says so. What may be done is to run a layer over each window as over a sequence of its own:
//! carry the states of the forward direction, and begin the backward one afresh in every window.
//!
//! ```compile_fail,E0277
//! use rnn::{Elman, bptt::{Truncation, Unrolling}, layers::{Bidirectional, Layer, Recurrent}};
//! type Both = Bidirectional<Recurrent<Elman<f64>>, Recurrent<Elman<f64>>>;
//! fn refused(both: &Both, tape: &tape::Tape<f64>) {
//!     let run = Unrolling::new(tape, both, Truncation::Full, both.zero_states(tape, 1)); // error: no `Cell`
//! }
//! ```

mod bidirectional;
mod highway;
mod recurrent;
mod residual;
mod stack;

pub use bidirectional::{Bidirectional, Merge};
pub use highway::Highway;
pub use recurrent::Recurrent;
pub use residual::Residual;
pub use stack::Stack;

use crate::{Bound, Result, Sequence, States, Widths, state};
use tape::{Real, Tape, Var};

/// What a layer made of a sequence.
#[derive(Debug, Clone)]
pub struct Run<'t, T: Real> {
    /// The outputs `[T, B, O]`, zero at padding.
    pub outputs: Var<'t, T>,
    /// The states after the last valid step of each row: what a following sequence starts from.
    pub states: States<'t, T>,
}

/// `(x₀ … x_{T−1}, s) ↦ (y₀ … y_{T−1}, s′)`. See the [module](self).
pub trait Layer<T: Real> {
    /// How wide the parts of its states are, one behind the other.
    fn state_widths(&self) -> Widths;

    /// How wide its outputs are for inputs of width `inputs`.
    fn width(&self, inputs: usize) -> usize;

    /// Runs over the sequence from the states `start`, each `[B, width]`. They may be constants, leaves or parameters;
    /// a sweep finds their gradients like any other.
    ///
    /// # Panics
    /// When the inputs or the states do not fit the layer.
    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: &[Var<'t, T>],
    ) -> Run<'t, T>;

    /// Are `start` the states of this layer for the rows of `xs`?
    ///
    /// # Errors
    /// When there are more or fewer, or of other shapes.
    fn check(&self, xs: &Sequence<'_, '_, T>, start: &[Var<'_, T>]) -> Result<()> {
        state::check(start, &self.state_widths(), xs.batch())
    }

    /// States of zeros for `batch` rows, as constants.
    fn zero_states<'t>(&self, tape: &'t Tape<T>, batch: usize) -> States<'t, T> {
        self.state_widths().into_iter().map(|width| tape.zeros(&[batch, width])).collect()
    }
}
