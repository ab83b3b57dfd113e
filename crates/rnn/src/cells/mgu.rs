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
use tape::{ParamId, Pointwise, Real, Var};

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
    /// `(x [2H], h U_f, h) ↦ (f ⊙ h, f)`
    gate: Pointwise<4, 2>,
    /// `(x [2H], (f ⊙ h) Uₙ, f, h) ↦ h′`
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
        let gate = Pointwise::new(|[x_f, _, u_f, h]| {
            let f = (x_f + u_f).sigmoid();
            [f * h, f]
        });
        let mix = Pointwise::new(|[_, x_n, u_n, f, h]| [(1.0 - f) * h + f * (x_n + u_n).tanh()]);
        Ok(Self { w, u, b, hidden, gate, mix })
    }
}

impl<T: Real> Cell<T> for Mgu {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        match self.b {
            Some(b) => x.affine(p.var(self.w), p.var(b)),
            None => x.matmul(p.var(self.w)),
        }
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let (u, hidden) = (p.var(self.u), self.hidden);
        let [kept, f] = self.gate.apply(&[x, h.matmul_columns(u, 0..hidden), h]);
        self.mix.apply(&[x, kept.matmul_columns(u, hidden..2 * hidden), f, h])[0]
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
