//! The step as a user writes it: cells unrolled, a head, a loss, a sweep.

use crate::{
    cells::{FromLayer, Network},
    data::Rows,
    measure::GradientStep,
    model::{ONCE, norm},
    team::{Part, Piece},
    workload::Workload,
};
use ::tape::{Gradients, Real, Tape, Var};
use rnn::{
    Bound, Input, Reduction, Result, Rows as Batch, Sequence, State, loss::squared_error,
    shards::Shard,
};

/// See the [module](self). The tape is the same at every step: what a sweep has left is cut off, and the states are
/// carried to the next window as plain values. Where the loss reads the last state only, the states are not stacked.
#[derive(Debug)]
pub(crate) struct OnTape<'t, 'm, T: Real, C: FromLayer<T>> {
    piece: &'m Piece<'m, T>,
    tape: &'t Tape<T>,
    network: &'m Network<T, C>,
    next: usize,
    /// Of each cell, after the last window.
    states: Vec<C::State<'t>>,
    outputs: Vec<Var<'t, T>>,
    gradients: Option<Gradients<T>>,
}

impl<'t, 'm, T: Real, C: FromLayer<T>> OnTape<'t, 'm, T, C> {
    pub(crate) fn new(
        piece: &'m Piece<'m, T>,
        tape: &'t Tape<T>,
        network: &'m Network<T, C>,
    ) -> Self {
        let (states, outputs) = (Vec::new(), Vec::new());
        Self { piece, tape, network, next: 0, states, outputs, gradients: None }
    }

    /// The outputs of the topmost layer, `[T, B, directions · H]`, or those of the last step only.
    fn unroll(&mut self, p: Bound<'t, '_, T>, mut xs: Input<'t, '_, T>) -> Var<'t, T> {
        let Workload { layers, batch, hidden, .. } = self.piece.workload;
        let directions = self.piece.workload.directions();
        for layer in 0..layers {
            self.direction(p, &xs, layer * directions, false);
            if self.piece.workload.last_step_only && layer + 1 == layers {
                return self.states[layer].output().reshape([1, batch, hidden]);
            }
            let mut outputs = self.tape.stack(&self.outputs);
            if self.piece.workload.bidirectional {
                self.direction(p, &xs, layer * directions + 1, true);
                outputs = self.tape.concat(-1, &[outputs, self.tape.stack(&self.outputs)]);
            }
            xs = Input::Dense(outputs);
        }
        xs.dense(self.tape)
    }

    /// Steps one cell through time, or against it, and leaves its last state and the outputs in the order of time.
    fn direction(&mut self, p: Bound<'t, '_, T>, xs: &Input<'t, '_, T>, k: usize, back: bool) {
        let xs = Sequence::from(xs);
        let xs = if back { xs.reversed() } else { xs };
        self.outputs.clear();
        self.states[k] = self.network.cells[k].run(p, &xs, self.states[k], &mut self.outputs);
    }
}

impl<T: Real, C: FromLayer<T>> GradientStep for OnTape<'_, '_, T, C> {
    fn restart(&mut self) {
        self.next = 0;
    }

    fn step(&mut self) -> Result<f64> {
        let &Piece { workload: Workload { batch, inputs, .. }, share, ref windows, .. } =
            self.piece;
        let (tape, network) = (self.tape, self.network);
        self.gradients = None;
        let p = network.store.bind(tape);
        if self.next == 0 {
            self.states.clear();
            self.states.extend(network.cells.iter().map(|cell| cell.zeros(tape, batch)));
        }
        let window = &windows[self.next];
        self.next = (self.next + 1) % windows.len();

        let xs = match (&window.inputs, &network.embedding) {
            (Rows::Dense(xs), _) => Input::Dense(tape.constant(xs)),
            (Rows::Classes(classes), None) => Input::one_hot(classes, batch, inputs),
            (Rows::Classes(classes), Some(embedding)) => embedding.look_up(p, classes, batch),
        };
        let outputs = self.unroll(p, xs);
        let loss = match &window.targets {
            Rows::Dense(targets) => {
                let (outputs, targets) = (network.head.forward(p, outputs), tape.constant(targets));
                squared_error(outputs, targets, true, Reduction::Sum, Batch::Mean)
            }
            Rows::Classes(classes) => {
                network.head.cross_entropy(p, outputs, classes, Reduction::Sum, Batch::Mean)
            }
        };
        let loss = if share < 1.0 { loss * T::of(share) } else { loss };
        let value = loss.item().primal();
        self.gradients = Some(tape.try_backward(loss)?);

        let now = tape.mark();
        for state in &mut self.states {
            *state = state.map(&mut |part| part.detach());
        }
        tape.cut(now);
        tape.unbind();
        Ok(value)
    }

    fn grad_norm(&self) -> f64 {
        let Some(gradients) = &self.gradients else { return f64::NAN };
        norm(gradients.params().map(|(id, g)| {
            let is_recurrent_bias = self.network.store.name(id).ends_with(".b");
            let times = if is_recurrent_bias { self.piece.workload.cell.biases() } else { ONCE };
            (times, g.as_slice().unwrap_or(&[]))
        }))
    }
}

impl<T: Real, C: FromLayer<T>> Part<T> for OnTape<'_, '_, T, C> {
    fn sum(&mut self, shard: &Shard<'_, T>) -> Result<()> {
        self.gradients.as_mut().map_or(Ok(()), |gradients| shard.sum(gradients))
    }
}
