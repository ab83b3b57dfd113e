//! The gated recurrent unit, which mixes the old with the new: K. Cho et al., 2014.
//!
//! ```text
//! r = σ(x Wᵣ + h Uᵣ + bᵣ)                             the reset gate
//! z = σ(x W_z + h U_z + b_z)                          the update gate
//! n = tanh(x Wₙ + bₙ + r ⊙ (h Uₙ + bₕₙ))              the candidate; reset after
//! n = tanh(x Wₙ + bₙ + (r ⊙ h) Uₙ)                    the candidate; reset before
//! h′ = (1 − z) ⊙ n + z ⊙ h                            z keeps
//! h′ = (1 − z) ⊙ h + z ⊙ n                            z replaces
//! ```
//!
//! Papers and frameworks differ in both choices, so that both have a name here: [`Reset`] and [`Update`]. The blocks
//! stand side by side in the order `r, z, n`, as in PyTorch.
//!
//! A step with reset after is one product and one [`Pointwise`](tape::Pointwise) node; with reset before, whose two products wait for
//! each other, it is two of each.

mod chrono;
mod form;
mod gates;

pub use form::{Form, Reset, Update};

use super::side_by_side;
use crate::{Bound, Cell, Input, ParamStore, Result, Widths, init::Init};
use gates::Gates;
use rand::Rng;
use tape::{ParamId, Preactivation, Real, Var};

/// See the [module](self). State: `h [B, H]`.
#[derive(Debug, Clone)]
pub struct Gru<T: Real> {
    /// Input weights `[X, 3H]`.
    pub w: ParamId,
    /// Recurrent weights `[H, 3H]`.
    pub u: ParamId,
    /// Bias `[3H]`, if it has one.
    pub b: Option<ParamId>,
    /// The bias of `h Uₙ`, `[H]`, if it has biases and resets after; before, it would be one with `bₙ`.
    pub b_n: Option<ParamId>,
    /// H
    pub hidden: usize,
    form: Form<T>,
    gates: Option<Gates>,
}

impl<T: Real> Gru<T> {
    /// A cell with new parameters in `store`: `{name}.w`, `{name}.u`, and as the form says `{name}.b` and `{name}.b_n`.
    /// Every block `[.., H]` is drawn from `init` by itself.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn new(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        form: Form<T>,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let mut add = |part: &str, value| store.add(format!("{name}.{part}"), value);
        let w = add("w", side_by_side(3, &[inputs, hidden], init, rng))?;
        let u = add("u", side_by_side(3, &[hidden, hidden], init, rng))?;
        let (mut b, mut b_n) = (None, None);
        if form.bias {
            b = Some(add("b", side_by_side(3, &[hidden], init, rng))?);
            if form.reset == Reset::After {
                b_n = Some(add("b_n", init.sample(&[hidden], rng))?);
            }
        }
        Ok(Self { w, u, b, b_n, hidden, form, gates: Gates::new(&form) })
    }

    /// Which GRU it is.
    pub fn form(&self) -> &Form<T> {
        &self.form
    }
}

impl<T: Real> Cell<T> for Gru<T> {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), self.b.map(|b| p.var(b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let (u, hidden) = (p.var(self.u), self.hidden);
        match (&self.gates, self.b_n) {
            (Some(Gates::After(gates)), None) => {
                gates.activate(Preactivation::matmul(h, u), &[x, h])[0]
            }
            (Some(Gates::AfterBias(gates)), Some(b_n)) => {
                gates.activate(Preactivation::matmul(h, u), &[x, h, p.var(b_n)])[0]
            }
            (Some(Gates::Before(gates, mix)), _) => {
                let product = |h, columns| Preactivation::columns(h, u, columns);
                let [kept, z] = gates.activate(product(h, 0..2 * hidden), &[x, h]);
                mix.activate(product(kept, 2 * hidden..3 * hidden), &[x, z, h])[0]
            }
            _ => self.step_in_parts(p, x, h, &mut |_, _| {}),
        }
    }

    /// Shows `r`, `z`, `n`.
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        h: Var<'t, T>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Var<'t, T> {
        let Form { reset, update, gate, candidate, .. } = self.form;
        let (u, hidden) = (p.var(self.u), self.hidden);
        let columns = |k: usize| k * hidden..(k + 1) * hidden;
        let product = |h: Var<'t, T>, k| h.matmul_columns(u, columns(k));
        let mut shown = |name, var| {
            show(name, var);
            var
        };

        let r = shown("r", gate.of(x.slice(-1, columns(0)) + product(h, 0)));
        let z = shown("z", gate.of(x.slice(-1, columns(1)) + product(h, 1)));
        let recurrent = match reset {
            Reset::After => {
                let s = product(h, 2);
                r * self.b_n.map_or(s, |b_n| s + p.var(b_n))
            }
            Reset::Before => product(r * h, 2),
        };
        let n = shown("n", candidate.of(x.slice(-1, columns(2)) + recurrent));
        match update {
            Update::Keep => (-z + T::ONE) * n + z * h,
            Update::Replace => (-z + T::ONE) * h + z * n,
        }
    }
}
