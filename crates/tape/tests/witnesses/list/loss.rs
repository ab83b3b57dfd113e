//! What training makes small, and what brings rows to one scale.

use crate::witnesses::witness::{Witness, at, matrix, one, rule, two};
use tape::Real;

/// Weights of rows, one of them nothing.
fn weights<T: Real>() -> [T; 3] {
    [0.5, 0.0, 2.0].map(T::of)
}

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    let rows = || at(-2.0, 2.0, &[&[&[3, 4]], &[&[3, 1, 4]], &[&[1, 3, 5]]]);
    let head = || at(-1.0, 1.0, &[&[&[3, 2], &[2, 4], &[4]], &[&[1, 3, 2], &[2, 5], &[5]]]);
    let alike = || at(-2.0, 2.0, &[&[&[4], &[4]], &[&[2, 3], &[2, 3]]]);
    let scaled =
        || at(-2.0, 2.0, &[&[&[2, 4], &[4], &[4]], &[&[4], &[4], &[4]], &[&[2, 3, 4], &[4], &[4]]]);
    vec![
        w(
            "loss/affine_cross_entropy",
            rule!(|_, x| x[0].affine_cross_entropy(x[1], x[2], &[1, 3, 0])),
            head(),
        ),
        w(
            "loss/affine_cross_entropy",
            rule!(|_, x| x[0].try_affine_cross_entropy(x[1], x[2], &[1, 1, 2]).unwrap()),
            head(),
        ),
        w(
            "loss/affine_cross_entropy",
            rule!(|tape, x| {
                let weights = tape.constant(weights::<T>());
                x[0].affine_cross_entropy_weighted((x[1], x[2]), &[1, 3, 0], weights)
            }),
            head(),
        ),
        w(
            "loss/binary_cross_entropy",
            rule!(|_, x| x[0].binary_cross_entropy(x[1])),
            two(0.1, 0.9),
        ),
        w(
            "loss/binary_cross_entropy_with_logits",
            rule!(|_, x| x[0].binary_cross_entropy_with_logits(x[1])),
            two(-2.0, 2.0),
        ),
        w(
            "loss/cosine_similarity",
            rule!(|_, x| x[0].cosine_similarity(x[1], -1, T::of(1e-8))),
            alike(),
        ),
        w(
            "loss/cosine_similarity",
            rule!(|_, x| x[0].cosine_similarity(x[1], 0, T::of(20.0))),
            alike(),
        ),
        w("loss/cross_entropy", rule!(|_, x| x[0].cross_entropy(&[1, 3, 0])), rows()),
        w("loss/cross_entropy", rule!(|_, x| x[0].try_cross_entropy(&[1, 1, 2]).unwrap()), rows()),
        w(
            "loss/cross_entropy",
            rule!(|tape, x| x[0].cross_entropy_weighted(&[1, 3, 0], tape.constant(weights::<T>()))),
            rows(),
        ),
        w("loss/huber", rule!(|_, x| x[0].huber(x[1], T::of(0.8))), two(-2.0, 2.0)),
        w("loss/kl_divergence", rule!(|_, x| x[0].kl_divergence(x[1])), two(0.1, 0.9)),
        w("loss/kl_divergence_log", rule!(|_, x| x[0].kl_divergence_log(x[1])), two(-2.0, 1.0)),
        w("loss/l1", rule!(|_, x| x[0].l1(x[1])), two(-2.0, 2.0)),
        w("loss/log_softmax", rule!(|_, x| x[0].log_softmax()), matrix(-2.0, 2.0)),
        w("loss/log_softmax", rule!(|_, x| x[0].log_softmax_axis(0)), matrix(-2.0, 2.0)),
        w("loss/nll", rule!(|_, x| x[0].nll(&[1, 3, 0])), rows()),
        w(
            "loss/nll",
            rule!(|tape, x| x[0].nll_weighted(&[1, 3, 0], tape.constant(weights::<T>()))),
            rows(),
        ),
        w("loss/smooth_l1", rule!(|_, x| x[0].smooth_l1(x[1], T::of(0.8))), two(-2.0, 2.0)),
        w("loss/softmax", rule!(|_, x| x[0].softmax()), matrix(-2.0, 2.0)),
        w("loss/softmax", rule!(|_, x| x[0].softmax_axis(0)), matrix(-2.0, 2.0)),
        w("loss/squared_error", rule!(|_, x| x[0].squared_error(x[1])), alike()),
        w("loss/squared_error", rule!(|_, x| x[0].half_squared_error(x[1])), alike()),
        w(
            "normalisation/layer_norm",
            rule!(|_, x| x[0].layer_norm(1, Some(x[1]), Some(x[2]), T::of(1e-5))),
            scaled(),
        ),
        w(
            "normalisation/layer_norm",
            rule!(|_, x| x[0].layer_norm(1, None, None, T::of(0.1))),
            one(-2.0, 2.0)[1..].to_vec(),
        ),
        w(
            "normalisation/layer_norm",
            rule!(|_, x| x[0].layer_norm(2, Some(x[1]), None, T::of(1e-5))),
            at(-2.0, 2.0, &[&[&[2, 3, 2], &[3, 2]]]),
        ),
    ]
}
