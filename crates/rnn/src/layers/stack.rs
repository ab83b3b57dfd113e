//! Layers on top of each other, chosen at run time.

use super::{Layer, Run};
use crate::{Bound, Input, Sequence, States, Widths};
use std::fmt;
use tape::{Real, Var};

/// Each layer reads the outputs of the one before it. States: those of the first layer, then those of the second, and
/// so on.
///
/// Cells alone stack by [`Stacked`](crate::Stacked) as well, and are a cell then.
pub struct Stack<T: Real> {
    layers: Vec<Box<dyn Layer<T> + Send + Sync>>,
}

impl<T: Real> fmt::Debug for Stack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<_> = self.layers.iter().map(|layer| layer.state_widths()).collect();
        f.debug_struct("Stack").field("state_widths", &widths).finish()
    }
}

impl<T: Real> Default for Stack<T> {
    fn default() -> Self {
        Self { layers: Vec::new() }
    }
}

impl<T: Real> Stack<T> {
    /// No layer yet: its outputs are its inputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more layer on top.
    #[must_use]
    pub fn then(mut self, layer: impl Layer<T> + Send + Sync + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The layers, the lowest first.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = &(dyn Layer<T> + Send + Sync)> {
        self.layers.iter().map(|layer| &**layer)
    }
}

impl<T: Real> Layer<T> for Stack<T> {
    fn state_widths(&self) -> Widths {
        self.layers.iter().flat_map(|layer| layer.state_widths()).collect()
    }

    fn width(&self, inputs: usize) -> usize {
        self.layers.iter().fold(inputs, |width, layer| layer.width(width))
    }

    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        mut start: &[Var<'t, T>],
    ) -> Run<'t, T> {
        crate::error::or_panic(self.check(xs, start));
        let (mut xs, mut states) = (xs.clone(), States::new());
        for layer in &self.layers {
            let (own, others) = start.split_at(layer.state_widths().len());
            let run = layer.run(p, &xs, own);
            xs = xs.with_input(Input::Dense(run.outputs));
            states.extend(run.states);
            start = others;
        }
        Run { outputs: xs.dense(p.tape()), states }
    }
}
