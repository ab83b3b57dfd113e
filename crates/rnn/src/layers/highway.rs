//! `y = g ⊙ F(x) + (1 − g) ⊙ x`, `g = σ(x W + b)`: R. K. Srivastava, K. Greff and J. Schmidhuber, *Highway networks*, 2015.

use super::{Layer, Run, residual::insist_as_wide};
use crate::{Bound, Linear, ParamStore, Result, Sequence, Widths, init::Init};
use ndarray::ArrayD;
use rand::Rng;
use tape::{Real, Var};

/// A layer beside which its inputs may pass, as much as a gate says. Inputs and outputs are equally wide. See the module.
#[derive(Debug, Clone, Copy)]
pub struct Highway<L> {
    /// `F`
    pub layer: L,
    /// The gate, before `σ`: `[X] → [X]`. A negative bias lets the inputs pass at first.
    pub gate: Linear,
}

impl<L> Highway<L> {
    /// `layer` with a new gate for inputs of the given width: parameters `{name}.v`, drawn from `init`, and
    /// `{name}.c`, filled with `bias` (the authors begin with −1 to −3).
    pub fn new<T: Real>(
        store: &mut ParamStore<T>,
        name: &str,
        (layer, width): (L, usize),
        bias: f64,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let v = store.add(format!("{name}.v"), init.sample(&[width, width], rng))?;
        let bias = ArrayD::from_elem(vec![width], T::of(bias));
        let c = store.add(format!("{name}.c"), bias)?;
        Ok(Self { layer, gate: Linear { v, c: Some(c) } })
    }
}

impl<T: Real, L: Layer<T>> Layer<T> for Highway<L> {
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
        insist_as_wide("g ⊙ F(x) + (1 − g) ⊙ x", x, run.outputs);
        let g = self.gate.forward(p, x).sigmoid();
        Run { outputs: x + g * (run.outputs - x), ..run }
    }
}
