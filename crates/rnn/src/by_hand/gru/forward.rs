//! One step forward: equations (1) to (5) of the [module](super).

use super::{Gru, Parameters, Reset, Update};
use crate::by_hand::{
    activation::Activation::{Sigmoid, Tanh},
    gates::split,
    recurrence::State,
};
use ndarray::{Array2, ArrayView2, NdFloat};

/// What a step keeps, each `[B, H]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates<F> {
    /// The reset gate, equation (1).
    pub r: Array2<F>,
    /// The update gate, equation (2).
    pub z: Array2<F>,
    /// The product that is reset, equation (3); read only with the reset after it.
    pub q: Array2<F>,
    /// The candidate, equation (4) or (4′).
    pub n: Array2<F>,
}

/// Equations (1) to (5).
pub(super) fn step<F: NdFloat>(
    cell: &Gru<F>,
    x: ArrayView2<'_, F>,
    [h]: &State<F, 1>,
) -> (State<F, 1>, Gates<F>) {
    let Parameters { w, u, b, b_n } = &cell.parameters;
    let [x_r, x_z, x_n] = split(&(x.dot(w) + b));
    let [u_r, u_z, u_n] = split(u);
    let r = (x_r + h.dot(&u_r)).mapv(|a| Sigmoid.value(a)); // (1)
    let z = (x_z + h.dot(&u_z)).mapv(|a| Sigmoid.value(a)); // (2)
    let q = h.dot(&u_n) + b_n; // (3)
    let recurrent = match cell.reset {
        Reset::After => &r * &q,             // (4)
        Reset::Before => (&r * h).dot(&u_n), // (4′)
    };
    let n = (x_n + recurrent).mapv(|a| Tanh.value(a)); // (4)
    let rest = z.mapv(|z| F::one() - z);
    let h = match cell.update {
        Update::Keep => &rest * &n + &z * h,    // (5)
        Update::Replace => &rest * h + &z * &n, // (5′)
    };
    ([h], Gates { r, z, q, n })
}
