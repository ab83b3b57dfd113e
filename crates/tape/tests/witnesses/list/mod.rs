//! All ops, by family.

mod activation;
mod arithmetic;
mod gradient;
mod index;
mod linear;
mod loss;
mod reduction;
mod shape;

use crate::witnesses::witness::Witness;

/// The one list.
pub(crate) fn all() -> Vec<Witness> {
    [
        activation::list(),
        arithmetic::list(),
        gradient::list(),
        index::list(),
        linear::list(),
        loss::list(),
        reduction::list(),
        shape::list(),
    ]
    .concat()
}

/// Files below `src/ops` that hold no op, and why.
pub(crate) const SUPPORT: [(&str, &str); 8] = [
    ("arithmetic/operator", "a macro: Rust's operators for handles"),
    ("index/along", "the walk that gather and scatter_add share"),
    ("linear/product", "the call of the matrix kernel that the layers share"),
    ("reduction/axis", "an axis counted from either end"),
    ("reduction/examples", "inputs for unit tests"),
    ("reduction/extremum", "the search that amax, amin and max_axis share"),
    ("reduction/over", "which axes a reduction takes away"),
    ("shape/rearrange", "the walk that permute, flip, tile and others share"),
];

/// Methods that give no variable, and what they give.
pub(crate) const NO_VARIABLE: [(&str, &str); 2] =
    [("argmax", "where the greatest element is"), ("argmin", "where the least element is")];
