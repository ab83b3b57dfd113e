//! Values looked up by whole numbers.

use crate::witnesses::witness::{Witness, at, matrix, rule};
use ndarray::{aview1, aview2};

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    let add = || at(-2.0, 2.0, &[&[&[3, 2], &[4, 2]], &[&[3], &[4]], &[&[3, 2, 2], &[4, 2, 2]]]);
    let choose = || at(-2.0, 2.0, &[&[&[2, 3], &[2, 3]], &[&[3], &[2, 1]], &[&[], &[3]]]);
    vec![
        w(
            "index/gather",
            rule!(|_, x| x[0].gather(0, &aview2(&[[1, 0, 1], [0, 0, 1]]))),
            at(-2.0, 2.0, &[&[&[2, 3]], &[&[3, 4]]]),
        ),
        w(
            "index/gather",
            rule!(|_, x| x[0].gather(-1, &aview2(&[[1, 0, 1], [2, 2, 1]]))),
            matrix(-2.0, 2.0)[1..].to_vec(),
        ),
        w(
            "index/gather_affine",
            rule!(|_, x| x[0].gather_affine(&[2, 0, 2, 2], x[1])),
            at(-2.0, 2.0, &[&[&[3, 2], &[2]]]),
        ),
        w(
            "index/gather_affine",
            rule!(|_, x| x[0].try_gather_affine(&[1], x[1]).unwrap()),
            at(-2.0, 2.0, &[&[&[3, 2], &[2]]]),
        ),
        w(
            "index/gather_rows",
            rule!(|_, x| x[0].gather_rows(&[2, 0, 2, 2])),
            at(-2.0, 2.0, &[&[&[3, 2]]]),
        ),
        w(
            "index/gather_rows",
            rule!(|_, x| x[0].try_gather_rows(&[1]).unwrap()),
            at(-2.0, 2.0, &[&[&[3, 2]]]),
        ),
        w("index/index_add", rule!(|_, x| x[0].index_add(0, &[2, 0, 2, 1], x[1])), add()),
        w(
            "index/index_select",
            rule!(|_, x| x[0].index_select(0, &[2, 0, 2])),
            at(-2.0, 2.0, &[&[&[3]], &[&[3, 2]]]),
        ),
        w("index/index_select", rule!(|_, x| x[0].index_select(-1, &[1, 1])), matrix(-2.0, 2.0)),
        w("index/one_hot", rule!(|tape, _| tape.one_hot(&[2, 0], 3)), vec![vec![]])
            .without_gradient("it has no input but whole numbers"),
        w(
            "index/scatter_add",
            rule!(|_, x| x[0].scatter_add(0, &aview2(&[[1, 0, 1], [1, 0, 2]]), x[1])),
            at(-2.0, 2.0, &[&[&[3, 3], &[2, 3]], &[&[4, 3], &[3, 4]]]),
        ),
        w(
            "index/scatter_add",
            rule!(|_, x| x[0].scatter_add(-1, &aview1(&[1, 1]), x[1])),
            at(-2.0, 2.0, &[&[&[3], &[2]]]),
        ),
        w(
            "index/where_",
            rule!(|_, x| x[0].where_(&aview2(&[[true, false, true], [false, true, true]]), x[1])),
            choose(),
        ),
        w(
            "index/where_",
            rule!(|_, x| x[0].masked_fill(&aview1(&[true, false, false]), T::of(0.7))),
            at(-2.0, 2.0, &[&[&[3]], &[&[2, 3]]]),
        ),
    ]
}
