//! The pointwise part of an LSTM as one formula.

use super::Form;
use tape::{Expr, Pointwise, Preactivation, Real, Var};

/// `(z, c, p) ↦ (o ⊙ s(c′), c′)`, or with layer normalisation, where the cell is a row before it goes out,
/// `(o, c′)`. By how many inputs stand side by side: the gates, the cell, the peepholes.
#[derive(Debug, Clone)]
pub(super) enum Gates {
    Plain(Pointwise<5, 2>),
    Peepholes(Pointwise<8, 2>),
    Coupled(Pointwise<4, 2>),
    CoupledPeepholes(Pointwise<6, 2>),
}

impl Gates {
    /// `None` if one of the squashes is no formula.
    pub(super) fn new<T: Real>(form: &Form<T>) -> Option<Self> {
        Some(match (form.coupled, form.peepholes) {
            (false, false) => Self::Plain(Pointwise::if_some(|x| formula(form, &x))?),
            (false, true) => Self::Peepholes(Pointwise::if_some(|x| formula(form, &x))?),
            (true, false) => Self::Coupled(Pointwise::if_some(|x| formula(form, &x))?),
            (true, true) => Self::CoupledPeepholes(Pointwise::if_some(|x| formula(form, &x))?),
        })
    }

    #[track_caller]
    pub(super) fn activate<'t, T: Real>(
        &self,
        z: Preactivation<'t, T>,
        rest: &[Var<'t, T>],
    ) -> [Var<'t, T>; 2] {
        match self {
            Self::Plain(gates) => gates.activate(z, rest),
            Self::Peepholes(gates) => gates.activate(z, rest),
            Self::Coupled(gates) => gates.activate(z, rest),
            Self::CoupledPeepholes(gates) => gates.activate(z, rest),
        }
    }
}

/// Inputs: `i, f, g, o` (or `i, g, o`), then `c`, then the peepholes of `i, f, o` (or `i, o`).
fn formula<'p, T: Real>(form: &Form<T>, x: &[Expr<'p>]) -> Option<[Expr<'p>; 2]> {
    let (z, rest) = x.split_at(form.gates());
    let (&c, p) = rest.split_first()?;
    let peek = |z: Expr<'p>, k: usize, c| p.get(k).map_or(z, |&p| z + p * c);
    let gate = |z| form.activations.gate.in_formula(z);
    let i = gate(peek(z[0], 0, c))?;
    let (f, g, o) = match *z {
        [_, g, o] => (1.0 - i, g, o),
        [_, f, g, o] => (gate(peek(f, 1, c))?, g, o),
        _ => return None,
    };
    let c = f * c + i * form.activations.candidate.in_formula(g)?;
    let c = form.cell_clip.map_or(c, |k| c.clamp(-k, k));
    let o = gate(peek(o, form.gates() - 2, c))?;
    if form.layer_norm.is_some() {
        return Some([o, c]);
    }
    Some([o * form.activations.output.in_formula(c)?, c])
}
