//! One step back: equations (4) to (12) of the [module](super).

use super::{Gates, Mgu, Parameters};
use crate::by_hand::{
    activation::Activation::{Sigmoid, Tanh},
    gates::{join, split},
    recurrence::State,
};
use ndarray::{Array2, ArrayView2, Axis, NdFloat};

/// Equations (4) to (12); the terms of (9) to (12) are added to `sum`.
pub(super) fn step<F: NdFloat>(
    cell: &Mgu<F>,
    x: ArrayView2<'_, F>,
    [h]: &State<F, 1>,
    Gates { f, n }: &Gates<F>,
    [dh]: State<F, 1>,
    sum: &mut Parameters<F>,
) -> (Array2<F>, State<F, 1>) {
    let Parameters { w, u, .. } = &cell.parameters;
    let [u_f, u_n] = split(u);
    let da_n = &dh * f * n.mapv(|n| Tanh.slope(n)); // (4)
    let dv = da_n.dot(&u_n.t()); // (5)
    let da_f = (&dh * &(n - h) + &dv * h) * f.mapv(|f| Sigmoid.slope(f)); // (6)
    let da = join([&da_f, &da_n]);

    sum.w += &x.t().dot(&da); // (9)
    sum.b += &da.sum_axis(Axis(0)); // (10)
    sum.u += &join([&h.t().dot(&da_f), &(f * h).t().dot(&da_n)]); // (11), (12)
    let dh_before = dh * f.mapv(|f| F::one() - f) + dv * f + da_f.dot(&u_f.t()); // (7)
    (da.dot(&w.t()), [dh_before]) // (8)
}
