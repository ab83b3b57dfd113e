//! Ops that act on the adjoint: their sweep is the gradient of no function.

use crate::witnesses::witness::{Witness, at, one, rule};
use ndarray::{ArrayD, Axis};
use tape::Clip;

fn row_norms_of_at_most_one(dy: &ArrayD<f64>) -> ArrayD<f64> {
    let mut dx = dy.clone();
    for mut row in dx.lanes_mut(Axis(dy.ndim() - 1)) {
        let norm = row.dot(&row).sqrt();
        row /= norm.max(1.0);
    }
    dx
}

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    vec![
        w(
            "gradient/clip_gradient",
            rule!(|_, x| x[0].clip_gradient(Clip::Value(T::of(0.4)))),
            one(-2.0, 2.0),
        )
        .with_adjoint(|dy| dy.mapv(|dy| dy.clamp(-0.4, 0.4)), "no element above 0.4"),
        w(
            "gradient/clip_gradient",
            rule!(|_, x| x[0].clip_gradient(Clip::Norm(T::of(0.9)))),
            one(-2.0, 2.0),
        )
        .with_adjoint(|dy| dy * (0.9 / (dy * dy).sum().sqrt()).min(1.0), "no norm above 0.9"),
        w(
            "gradient/clip_gradient",
            rule!(|_, x| x[0].clip_gradient(Clip::RowNorm(T::ONE))),
            at(-2.0, 2.0, &[&[&[5]], &[&[2, 3]]]),
        )
        .with_adjoint(row_norms_of_at_most_one, "no norm of a row above 1"),
        w("gradient/detach", rule!(|_, x| x[0].detach()), one(-2.0, 2.0))
            .with_adjoint(|dy| dy * 0.0, "the sweep ends here"),
        w(
            "gradient/scale_gradient",
            rule!(|_, x| x[0].scale_gradient(T::of(-0.3))),
            one(-2.0, 2.0),
        )
        .with_adjoint(|dy| dy * -0.3, "the adjoint alone is scaled"),
    ]
}
