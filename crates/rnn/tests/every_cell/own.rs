//! A cell of one's own.

use super::{H, X};
use ndarray::Array2;
use rnn::{Bound, Cell, ParamStore, Widths};
use tape::{ParamId, Real, Var};

/// A cell of one's own with two parts: `c′ = a c + (1 − a) tanh(x W + h U)`, `h′ = c′ σ(x V)`. It projects nothing.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    w: ParamId,
    u: ParamId,
    v: ParamId,
}

impl<R: Real> Cell<R> for Own {
    type State<'t> = (Var<'t, R>, Var<'t, R>);

    fn widths(&self) -> Widths {
        [H, H].into_iter().collect()
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, R>,
        x: Var<'t, R>,
        (h, c): Self::State<'t>,
    ) -> Self::State<'t> {
        let new = (x.matmul(p.var(self.w)) + h.matmul(p.var(self.u))).tanh();
        let c = c * R::of(0.7) + new * R::of(0.3);
        (c * x.matmul(p.var(self.v)).sigmoid(), c)
    }
}

pub(crate) fn own(store: &mut ParamStore<f64>) -> Own {
    let mut add = |name: &str, rows, seed: f64| {
        let wave = |(i, j)| f64::sin(seed + 2.3 * i as f64 + 1.7 * j as f64) / 2.0;
        store.add(name, Array2::from_shape_fn((rows, H), wave).into_dyn()).unwrap()
    };
    Own { w: add("own.w", X, 1.0), u: add("own.u", H, 2.0), v: add("own.v", X, 3.0) }
}
