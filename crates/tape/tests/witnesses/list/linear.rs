//! Products of matrices.

use crate::witnesses::witness::{Witness, at, rule};

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    let layer = || {
        at(
            -1.0,
            1.0,
            &[
                &[&[3, 2], &[2, 4], &[4]],
                &[&[3, 2], &[2, 4], &[3, 4]],
                &[&[3, 2], &[2, 4], &[3, 1]],
                &[&[2, 3, 2], &[2, 4], &[4]],
            ],
        )
    };
    vec![
        w("linear/affine", rule!(|_, x| x[0].affine(x[1], x[2])), layer()),
        w("linear/affine_tanh", rule!(|_, x| x[0].affine_tanh(x[1], x[2])), layer()),
        w("linear/dot", rule!(|_, x| x[0].dot(x[1])), at(-2.0, 2.0, &[&[&[3], &[3]]])),
        w("linear/dot", rule!(|_, x| x[0].outer(x[1])), at(-2.0, 2.0, &[&[&[3], &[2]]])),
        w("linear/dot", rule!(|_, x| x[0].trace()), at(-2.0, 2.0, &[&[&[3, 3]], &[&[2, 3, 4]]])),
        w(
            "linear/einsum",
            rule!(|tape, x| tape.einsum("bij,bjk->bki", x)),
            at(-2.0, 2.0, &[&[&[2, 3, 2], &[2, 2, 4]]]),
        ),
        w(
            "linear/einsum",
            rule!(|tape, x| tape.try_einsum("iij->j", x).unwrap()),
            at(-2.0, 2.0, &[&[&[3, 3, 2]]]),
        ),
        w(
            "linear/matmul",
            rule!(|_, x| x[0].matmul(x[1])),
            at(
                -2.0,
                2.0,
                &[
                    &[&[2, 3], &[3, 4]],
                    &[&[3], &[3, 2]],
                    &[&[2, 3], &[3]],
                    &[&[3], &[3]],
                    &[&[2, 2, 3], &[2, 3, 2]],
                    &[&[2, 2, 3], &[3, 2]],
                    &[&[2, 1, 2, 2], &[3, 2, 1]],
                ],
            ),
        ),
        w(
            "linear/matmul",
            rule!(|_, x| x[0].matmul_t(x[1])),
            at(-2.0, 2.0, &[&[&[2, 3], &[4, 3]], &[&[2, 2, 3], &[4, 3]]]),
        ),
        w(
            "linear/matmul",
            rule!(|_, x| x[0].t_matmul(x[1])),
            at(-2.0, 2.0, &[&[&[3, 2], &[3, 4]], &[&[2, 3, 2], &[2, 3, 4]]]),
        ),
        w(
            "linear/matmul_columns",
            rule!(|_, x| x[0].matmul_columns(x[1], 1..3)),
            at(-2.0, 2.0, &[&[&[2, 3], &[3, 4]], &[&[3], &[3, 4]], &[&[2, 2, 3], &[3, 3]]]),
        ),
    ]
}
