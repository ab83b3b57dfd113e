//! The step as a user writes it: a cell unrolled, a head, a loss, a sweep.

use crate::{
    data::{Data, Model, Rows, norm},
    measure::GradientStep,
    workload::Workload,
};
use ::tape::{Gradients, Real, Tape};
use rnn::{
    Cell, Elman, Input, Reduction, Result, Rows as Batch,
    bptt::{Truncation, Unrolling},
    loss::{cross_entropy, squared_error},
    unroll,
};

/// See the [module](self). The tape is the same at every step: what a sweep has left is cut off. Where the loss reads
/// the last state only, the states are not stacked.
#[derive(Debug)]
pub(crate) struct OnTape<'t, 'm, T: Real> {
    workload: Workload,
    tape: &'t Tape<T>,
    model: &'m Model<T>,
    data: &'m Data<T>,
    run: Unrolling<'t, 'm, T, Elman<T>>,
    gradients: Option<Gradients<T>>,
}

impl<'t, 'm, T: Real> OnTape<'t, 'm, T> {
    pub(crate) fn new(
        workload: Workload,
        tape: &'t Tape<T>,
        model: &'m Model<T>,
        data: &'m Data<T>,
    ) -> Self {
        let start = model.cell.zeros(tape, workload.batch);
        let run = Unrolling::new(tape, &model.cell, Truncation::Full, start);
        Self { workload, tape, model, data, run, gradients: None }
    }
}

impl<T: Real> GradientStep for OnTape<'_, '_, T> {
    fn step(&mut self) -> Result<f64> {
        let Workload { batch, inputs, .. } = self.workload;
        self.gradients = None;
        let p = self.model.store.bind(self.tape);
        let xs = match &self.data.inputs {
            Rows::Dense(xs) => Input::Dense(self.tape.constant(xs)),
            Rows::Classes(classes) => Input::one_hot(classes, batch, inputs),
        };
        let start = self.model.cell.zeros(self.tape, batch);
        let read = if self.workload.last_step_only {
            let last = unroll(&self.model.cell, p, &xs, start).last();
            last.unwrap_or(start).reshape([1, batch, self.workload.hidden])
        } else {
            self.run.set_state(start);
            self.run.advance(p, &xs).outputs
        };
        let scores = self.model.head.forward(p, read);
        let loss = match &self.data.targets {
            Rows::Dense(targets) => {
                let targets = self.tape.constant(targets);
                squared_error(scores, targets, true, Reduction::Sum, Batch::Mean)
            }
            Rows::Classes(classes) => cross_entropy(scores, classes, Reduction::Sum, Batch::Mean),
        };
        let value = loss.item().primal();
        self.gradients = Some(self.run.backward(loss)?);
        Ok(value)
    }

    fn grad_norm(&self) -> f64 {
        let Some(gradients) = &self.gradients else { return f64::NAN };
        norm(
            gradients
                .params()
                .map(|(id, g)| (Some(id) == self.model.cell.b, g.as_slice().unwrap_or(&[]))),
        )
    }
}
