//! `y = x + F(x)`: He et al., *Deep residual learning for image recognition*, 2015.

use super::{Layer, Run};
use crate::{Bound, Sequence, Widths};
use tape::{Real, Var};

/// A layer whose inputs are added to its outputs, which must be as wide. See the module.
#[derive(Debug, Clone, Copy)]
pub struct Residual<L> {
    /// `F`
    pub layer: L,
}

impl<L> Residual<L> {
    /// `x + F(x)`
    pub fn new(layer: L) -> Self {
        Self { layer }
    }
}

impl<T: Real, L: Layer<T>> Layer<T> for Residual<L> {
    fn state_widths(&self) -> Widths {
        self.layer.state_widths()
    }

    fn width(&self, inputs: usize) -> usize {
        inputs
    }

    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: &[Var<'t, T>],
    ) -> Run<'t, T> {
        let run = self.layer.run(p, xs, start);
        let x = xs.dense(p.tape());
        insist_as_wide("x + F(x)", x, run.outputs);
        Run { outputs: x + run.outputs, ..run }
    }
}

/// Panics unless `x` and what was made of it are equally wide.
#[track_caller]
pub(super) fn insist_as_wide<T: Real>(what: &str, x: Var<'_, T>, y: Var<'_, T>) {
    assert!(
        x.shape() == y.shape(),
        "{what} of x {:?} and F(x) {:?}: both must be equally wide; \
         bring x to the width of F first, by a `Linear` say",
        &x.shape()[..],
        &y.shape()[..]
    );
}
