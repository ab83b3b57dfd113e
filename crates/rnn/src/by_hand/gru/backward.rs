//! One step back: equations (6) to (16) of the [module](super).

use super::{Gates, Gru, Parameters, Reset, Update};
use crate::by_hand::{
    activation::Activation::{Sigmoid, Tanh},
    gates::{join, split},
    recurrence::State,
};
use ndarray::{Array2, ArrayView2, Axis, NdFloat};

/// Equations (6) to (16); the terms of (13) to (16) are added to `sum`.
pub(super) fn step<F: NdFloat>(
    cell: &Gru<F>,
    x: ArrayView2<'_, F>,
    [h]: &State<F, 1>,
    Gates { r, z, q, n }: &Gates<F>,
    [dh]: State<F, 1>,
    sum: &mut Parameters<F>,
) -> (Array2<F>, State<F, 1>) {
    let Parameters { w, u, .. } = &cell.parameters;
    let [u_r, u_z, u_n] = split(u);
    let rest = z.mapv(|z| F::one() - z);
    let (dz, dn, straight) = match cell.update {
        Update::Keep => (&dh * &(h - n), &dh * &rest, &dh * z), // (6)
        Update::Replace => (&dh * &(n - h), &dh * z, &dh * &rest), // (6′)
    };
    let da_n = dn * n.mapv(|n| Tanh.slope(n)); // (7)
    let (dr, through_n, du_n) = match cell.reset {
        Reset::After => {
            let dq = &da_n * r; // (8)
            sum.b_n += &dq.sum_axis(Axis(0)); // (16)
            (&da_n * q, dq.dot(&u_n.t()), h.t().dot(&dq)) // (8), (16)
        }
        Reset::Before => {
            let dv = da_n.dot(&u_n.t()); // (8′)
            (&dv * h, dv * r, (r * h).t().dot(&da_n)) // (8′), (16′)
        }
    };
    let da_r = dr * r.mapv(|r| Sigmoid.slope(r)); // (9)
    let da_z = dz * z.mapv(|z| Sigmoid.slope(z)); // (10)
    let da = join([&da_r, &da_z, &da_n]);

    sum.w += &x.t().dot(&da); // (13)
    sum.b += &da.sum_axis(Axis(0)); // (14)
    sum.u += &join([&h.t().dot(&da_r), &h.t().dot(&da_z), &du_n]); // (15), (16)
    let dh_before = straight + through_n + da_r.dot(&u_r.t()) + da_z.dot(&u_z.t()); // (12)
    (da.dot(&w.t()), [dh_before]) // (11)
}
