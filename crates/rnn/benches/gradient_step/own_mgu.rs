//! A minimal gated unit as a user would write it, who finds no such cell in the library.

use rnn::{Bound, Cell, Input, Widths};
use tape::{ParamId, Pointwise, Preactivation, Real, Var};

/// f = σ(x W_f + h U_f + b_f);  n = tanh(x Wₙ + (f ⊙ h) Uₙ + bₙ);  h′ = (1 − f) ⊙ h + f ⊙ n
#[derive(Debug)]
pub(crate) struct OwnMgu {
    /// `W_f, Wₙ` side by side, and so the biases.
    pub(crate) w: ParamId,
    pub(crate) b: ParamId,
    pub(crate) u_f: ParamId,
    pub(crate) u_n: ParamId,
    pub(crate) hidden: usize,
    pub(crate) gate: Pointwise<4, 2>,
    pub(crate) mix: Pointwise<5, 1>,
}

impl OwnMgu {
    pub(crate) fn new([w, b, u_f, u_n]: [ParamId; 4], hidden: usize) -> Self {
        let gate = Pointwise::new(|[u_f, x_f, _, h]| {
            let f = (x_f + u_f).sigmoid();
            [f, f * h]
        });
        let mix = Pointwise::new(|[u_n, _, x_n, f, h]| [(1.0 - f) * h + f * (x_n + u_n).tanh()]);
        Self { w, b, u_f, u_n, hidden, gate, mix }
    }
}

impl<T: Real> Cell<T> for OwnMgu {
    type State<'t> = Var<'t, T>;
    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }
    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), Some(p.var(self.b)))
    }
    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let product = |h, u| Preactivation::matmul(h, p.var(u));
        let [f, kept] = self.gate.activate(product(h, self.u_f), &[x, h]);
        self.mix.activate(product(kept, self.u_n), &[x, f, h])[0]
    }
}
