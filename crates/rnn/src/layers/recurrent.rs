//! A cell, stepped over a sequence.

use super::{Layer, Run};
use crate::{Bound, Cell, Sequence, State, Widths, error::or_panic};
use tape::{Real, Var};

/// A cell as a layer: it reads the sequence in the one direction that the sequence has.
#[derive(Debug, Clone, Copy)]
pub struct Recurrent<C>(pub C);

impl<T: Real, C: Cell<T>> Layer<T> for Recurrent<C> {
    fn state_widths(&self) -> Widths {
        self.0.widths()
    }

    fn width(&self, _: usize) -> usize {
        self.0.output_width()
    }

    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: &[Var<'t, T>],
    ) -> Run<'t, T> {
        or_panic(self.check(xs, start));
        let mut parts = start.iter();
        let start = C::State::build(&mut || match parts.next() {
            Some(part) => *part,
            None => panic!("a state of more parts than `Cell::widths` tells"),
        });
        let mut outputs = Vec::with_capacity(xs.steps());
        let last = self.0.run(p, xs, start, &mut outputs);
        let outputs = xs.stack(p.tape(), &outputs, self.0.output_width());
        Run { outputs, states: last.parts() }
    }
}
