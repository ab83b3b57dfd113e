//! The minimal gated unit, a GRU whose one gate resets and updates: G.-B. Zhou et al., 2016.
//!
//! ```text
//! f = σ(x W_f + h U_f + b_f)                          the gate
//! n = tanh(x Wₙ + (f ⊙ h) Uₙ + bₙ)                    the candidate
//! h′ = (1 − f) ⊙ h + f ⊙ n
//! ```
//!
//! The blocks stand side by side in the order `f, n`. A step is two products and two
//! [`Pointwise`] nodes, since the second product waits for the gate.

use super::side_by_side;
use crate::{Bound, Cell, Input, ParamStore, Result, Widths, init::Init};
use rand::Rng;
use tape::{ParamId, Pointwise, Preactivation, Real, Var};

/// See the [module](self). State: `h [B, H]`.
#[derive(Debug, Clone)]
pub struct Mgu {
    /// Input weights `[X, 2H]`.
    pub w: ParamId,
    /// Recurrent weights `[H, 2H]`.
    pub u: ParamId,
    /// Bias `[2H]`, if it has one.
    pub b: Option<ParamId>,
    /// H
    pub hidden: usize,
    /// `(h U_f, x [2H], h) ↦ (f ⊙ h, f)`
    gate: Pointwise<4, 2>,
    /// `((f ⊙ h) Uₙ, x [2H], f, h) ↦ h′`
    mix: Pointwise<5, 1>,
}

impl Mgu {
    /// A cell with new parameters `{name}.w`, `{name}.u` and, if it is to have a `bias`, `{name}.b` in `store`. Every block
    /// `[.., H]` is drawn from `init` by itself.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn new<T: Real>(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        bias: bool,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let mut add = |part: &str, value| store.add(format!("{name}.{part}"), value);
        let w = add("w", side_by_side(2, &[inputs, hidden], init, rng))?;
        let u = add("u", side_by_side(2, &[hidden, hidden], init, rng))?;
        let b = bias.then(|| add("b", side_by_side(2, &[hidden], init, rng))).transpose()?;
        let gate = Pointwise::new(|[u_f, x_f, _, h]| {
            let f = (x_f + u_f).sigmoid();
            [f * h, f]
        });
        let mix = Pointwise::new(|[u_n, _, x_n, f, h]| [(1.0 - f) * h + f * (x_n + u_n).tanh()]);
        Ok(Self { w, u, b, hidden, gate, mix })
    }
}

impl<T: Real> Cell<T> for Mgu {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), self.b.map(|b| p.var(b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let (u, hidden) = (p.var(self.u), self.hidden);
        let product = |h, columns| Preactivation::columns(h, u, columns);
        let [kept, f] = self.gate.activate(product(h, 0..hidden), &[x, h]);
        self.mix.activate(product(kept, hidden..2 * hidden), &[x, f, h])[0]
    }

    /// Shows `f` and `n`.
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        h: Var<'t, T>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Var<'t, T> {
        let (u, hidden) = (p.var(self.u), self.hidden);
        let columns = |k: usize| k * hidden..(k + 1) * hidden;
        let product = |h: Var<'t, T>, k| h.matmul_columns(u, columns(k));
        let f = (x.slice(-1, columns(0)) + product(h, 0)).sigmoid();
        show("f", f);
        let n = (x.slice(-1, columns(1)) + product(f * h, 1)).tanh();
        show("n", n);
        (-f + T::ONE) * h + f * n
    }
}
