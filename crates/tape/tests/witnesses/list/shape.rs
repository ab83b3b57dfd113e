//! The same numbers, arranged otherwise.

use crate::witnesses::witness::{Witness, at, matrix, one, rule};

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    let x = || at(-2.0, 2.0, &[&[&[2, 3]], &[&[4, 3]], &[&[3, 3, 2]]]);
    let three = || at(-2.0, 2.0, &[&[&[2, 3, 4]]]);
    let rows = || at(-2.0, 2.0, &[&[&[5]], &[&[5, 2]]]);
    let parts = || at(-2.0, 2.0, &[&[&[2, 3], &[2, 3]], &[&[2], &[2], &[2]]]);
    vec![
        w(
            "shape/broadcast_to",
            rule!(|_, x| x[0].broadcast_to([2, 2, 3])),
            at(-2.0, 2.0, &[&[&[]], &[&[3]], &[&[2, 1]], &[&[2, 1, 3]]]),
        ),
        w(
            "shape/concat",
            rule!(|tape, x| tape.concat(0, x)),
            at(-2.0, 2.0, &[&[&[2, 3], &[1, 3]], &[&[1], &[2], &[3]]]),
        ),
        w(
            "shape/concat",
            rule!(|tape, x| tape.concat(-1, &[x[0], x[1], x[0]])),
            at(-2.0, 2.0, &[&[&[2, 3], &[2, 1]]]),
        ),
        w("shape/diagonal", rule!(|_, x| x[0].diagonal(1, 0, 1)), x()),
        w("shape/diagonal", rule!(|_, x| x[0].diagonal(-1, -2, -1)), x()),
        w("shape/flip", rule!(|_, x| x[0].flip(&[0, -1])), x()),
        w("shape/pad", rule!(|_, x| x[0].pad(&[(1, 0), (0, 2)], T::of(0.7))), matrix(-2.0, 2.0)),
        w("shape/permute", rule!(|_, x| x[0].permute(&[2, 0, -2])), three()),
        w("shape/reshape", rule!(|_, x| x[0].reshape([3, 2, 4])), three()),
        w("shape/slice", rule!(|_, x| x[0].slice(-1, 1..2)), x()),
        w("shape/slice", rule!(|_, x| x[0].slice(0, 1..2)), x()),
        w(
            "shape/slice",
            rule!(|_, x| x[0].select(1, 2)),
            at(-2.0, 2.0, &[&[&[2, 3]], &[&[3, 3, 2]]]),
        ),
        w("shape/split", rule!(|_, x| x[0].split(0, 2)[1] * x[0].split(0, 2)[0].sum()), rows()),
        w("shape/split", rule!(|_, x| x[0].chunk(0, 3)[2] * x[0].chunk(0, 3)[1].sum()), rows()),
        w("shape/split", rule!(|_, x| x[0].split_at(0, &[1, 4])[1] * T::of(2.0)), rows()),
        w("shape/split", rule!(|_, x| x[0].unbind(0)[3] * x[0].unbind(0)[1]), rows()),
        w(
            "shape/squeeze",
            rule!(|_, x| x[0].squeeze(1)),
            at(-2.0, 2.0, &[&[&[2, 1]], &[&[2, 1, 3]]]),
        ),
        w("shape/squeeze", rule!(|_, x| x[0].squeeze_all()), one(-2.0, 2.0)),
        w("shape/squeeze", rule!(|_, x| x[0].unsqueeze(0)), one(-2.0, 2.0)),
        w("shape/squeeze", rule!(|_, x| x[0].flatten()), one(-2.0, 2.0)),
        w("shape/stack", rule!(|tape, x| tape.stack(x)), parts()),
        w("shape/tile", rule!(|_, x| x[0].tile([2, 3])), matrix(-2.0, 2.0)),
        w("shape/transpose", rule!(|_, x| x[0].transpose(0, -1)), x()),
        w("shape/transpose", rule!(|_, x| x[0].t()), x()),
        w("shape/triangle", rule!(|_, x| x[0].tril(0)), x()),
        w("shape/triangle", rule!(|_, x| x[0].triu(1)), x()),
    ]
}
