//! One step back: equations (9) to (24) of the [module](super).

use super::{Gates, Lstm, Parameters};
use crate::by_hand::{
    activation::Activation::{Sigmoid, Tanh},
    gates::join,
    recurrence::State,
};
use ndarray::{Array2, ArrayView2, Axis, NdFloat};

/// Equations (9) to (24); the terms of (18) to (24) are added to `sum`.
pub(super) fn step<F: NdFloat>(
    cell: &Lstm<F>,
    x: ArrayView2<'_, F>,
    [h_before, c_before]: &State<F, 2>,
    [_, c]: &State<F, 2>,
    Gates { i, f, g, o, m }: &Gates<F>,
    [dh, dc]: State<F, 2>,
    sum: &mut Parameters<F>,
) -> (Array2<F>, State<F, 2>) {
    let Parameters { w, u, p_i, p_f, p_o, projection, .. } = &cell.parameters;
    let squashed = c.mapv(|c| Tanh.value(c));
    let free = c.mapv(|c| if c.abs() < cell.clip { F::one() } else { F::zero() });

    let dm = match projection {
        Some(p) => dh.dot(&p.t()), // (9)
        None => dh.clone(),        // (9)
    };
    let da_o = &dm * &squashed * o.mapv(|o| Sigmoid.slope(o)); // (10)
    let dc = dc + &dm * o * squashed.mapv(|y| Tanh.slope(y)) + &da_o * p_o; // (11)
    let dc = dc * free; // (11)
    let (da_i, da_f) = if cell.coupled {
        let da_i = &dc * &(g - c_before) * i.mapv(|i| Sigmoid.slope(i)); // (12′)
        (da_i, Array2::zeros(dc.dim())) // (13′)
    } else {
        let da_i = &dc * g * i.mapv(|i| Sigmoid.slope(i)); // (12)
        (da_i, &dc * c_before * f.mapv(|f| Sigmoid.slope(f))) // (13)
    };
    let da_g = &dc * i * g.mapv(|g| Tanh.slope(g)); // (14)
    let da = join([&da_i, &da_f, &da_g, &da_o]);

    sum.w += &x.t().dot(&da); // (18)
    sum.u += &h_before.t().dot(&da); // (19)
    sum.b += &da.sum_axis(Axis(0)); // (20)
    sum.p_i += &(&da_i * c_before).sum_axis(Axis(0)); // (21)
    sum.p_f += &(&da_f * c_before).sum_axis(Axis(0)); // (22)
    sum.p_o += &(&da_o * c).sum_axis(Axis(0)); // (23)
    if let Some(p) = &mut sum.projection {
        *p += &m.t().dot(&dh); // (24)
    }
    let dc_before = &dc * f + &da_i * p_i + &da_f * p_f; // (15)
    (da.dot(&w.t()), [da.dot(&u.t()), dc_before]) // (17), (16)
}
