//! One step forward: equations (1) to (8) of the [module](super).

use super::{Lstm, Parameters};
use crate::by_hand::{
    activation::Activation::{Sigmoid, Tanh},
    gates::split,
    recurrence::State,
};
use ndarray::{Array2, ArrayView2, NdFloat};

/// What a step keeps, each `[B, H]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates<F> {
    /// The input gate, equation (2).
    pub i: Array2<F>,
    /// The forget gate, equation (3) or (3′).
    pub f: Array2<F>,
    /// The candidate, equation (4).
    pub g: Array2<F>,
    /// The output gate, equation (6).
    pub o: Array2<F>,
    /// What would be the output without a projection, equation (7).
    pub m: Array2<F>,
}

/// Equations (1) to (8).
pub(super) fn step<F: NdFloat>(
    cell: &Lstm<F>,
    x: ArrayView2<'_, F>,
    [h, c]: &State<F, 2>,
) -> (State<F, 2>, Gates<F>) {
    let Parameters { w, u, b, p_i, p_f, p_o, projection } = &cell.parameters;
    let a = x.dot(w) + h.dot(u) + b; // (1)
    let [a_i, a_f, a_g, a_o] = split(&a);
    let i = (a_i + c * p_i).mapv(|a| Sigmoid.value(a)); // (2)
    let f = if cell.coupled {
        i.mapv(|i| F::one() - i) // (3′)
    } else {
        (a_f + c * p_f).mapv(|a| Sigmoid.value(a)) // (3)
    };
    let g = a_g.mapv(|a| Tanh.value(a)); // (4)
    let k = cell.clip;
    let c = (&f * c + &i * &g).mapv(|c| if c.abs() > k { k.copysign(c) } else { c }); // (5)
    let o = (a_o + &c * p_o).mapv(|a| Sigmoid.value(a)); // (6)
    let m = &o * &c.mapv(|c| Tanh.value(c)); // (7)
    let h = match projection {
        Some(p) => m.dot(p), // (8)
        None => m.clone(),   // (8)
    };
    ([h, c], Gates { i, f, g, o, m })
}
