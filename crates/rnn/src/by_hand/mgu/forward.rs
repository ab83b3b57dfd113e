//! One step forward: equations (1) to (3) of the [module](super).

use super::{Mgu, Parameters};
use crate::by_hand::{
    activation::Activation::{Sigmoid, Tanh},
    gates::split,
    recurrence::State,
};
use ndarray::{Array2, ArrayView2, NdFloat};

/// What a step keeps, each `[B, H]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates<F> {
    /// The one gate, equation (1).
    pub f: Array2<F>,
    /// The candidate, equation (2).
    pub n: Array2<F>,
}

/// Equations (1) to (3).
pub(super) fn step<F: NdFloat>(
    cell: &Mgu<F>,
    x: ArrayView2<'_, F>,
    [h]: &State<F, 1>,
) -> (State<F, 1>, Gates<F>) {
    let Parameters { w, u, b } = &cell.parameters;
    let [x_f, x_n] = split(&(x.dot(w) + b));
    let [u_f, u_n] = split(u);
    let f = (x_f + h.dot(&u_f)).mapv(|a| Sigmoid.value(a)); // (1)
    let n = (x_n + (&f * h).dot(&u_n)).mapv(|a| Tanh.value(a)); // (2)
    let h = f.mapv(|f| F::one() - f) * h + &f * &n; // (3)
    ([h], Gates { f, n })
}
