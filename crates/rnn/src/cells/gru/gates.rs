//! The pointwise part of a GRU as formulas.

use super::{Form, Reset, Update};
use tape::{Expr, Pointwise, Real};

/// The formulas, by the inputs that stand side by side.
#[derive(Debug, Clone)]
pub(super) enum Gates {
    /// `(h U [3H], x [3H], h) ↦ h′`
    After(Pointwise<7, 1>),
    /// `(h U [3H], x [3H], h, bₕₙ) ↦ h′`
    AfterBias(Pointwise<8, 1>),
    /// `(h (Uᵣ, U_z) [2H], x [3H], h) ↦ (r ⊙ h, z)`, then `((r ⊙ h) Uₙ, x [3H], z, h) ↦ h′`
    Before(Pointwise<6, 2>, Pointwise<6, 1>),
}

impl Gates {
    /// `None` if one of the squashes is no formula.
    pub(super) fn new<T: Real>(form: &Form<T>) -> Option<Self> {
        Some(match (form.reset, form.bias) {
            (Reset::After, false) => Self::After(Pointwise::if_some(|x| after(form, &x))?),
            (Reset::After, true) => Self::AfterBias(Pointwise::if_some(|x| after(form, &x))?),
            (Reset::Before, _) => Self::Before(
                Pointwise::if_some(|[u_r, u_z, x_r, x_z, _, h]| {
                    let gate = |z| form.gate.in_formula(z);
                    Some([gate(x_r + u_r)? * h, gate(x_z + u_z)?])
                })?,
                Pointwise::if_some(|[u_n, _, _, x_n, z, h]| {
                    Some([mix(form.update, z, h, form.candidate.in_formula(x_n + u_n)?)])
                })?,
            ),
        })
    }
}

fn after<'p, T: Real>(form: &Form<T>, x: &[Expr<'p>]) -> Option<[Expr<'p>; 1]> {
    let [u_r, u_z, u_n, x_r, x_z, x_n, h, ref b_n @ ..] = *x else { return None };
    let gate = |z| form.gate.in_formula(z);
    let (r, z) = (gate(x_r + u_r)?, gate(x_z + u_z)?);
    let s = b_n.first().map_or(u_n, |&b_n| u_n + b_n);
    Some([mix(form.update, z, h, form.candidate.in_formula(x_n + r * s)?)])
}

fn mix<'p>(update: Update, z: Expr<'p>, h: Expr<'p>, n: Expr<'p>) -> Expr<'p> {
    match update {
        Update::Keep => (1.0 - z) * n + z * h,
        Update::Replace => (1.0 - z) * h + z * n,
    }
}
