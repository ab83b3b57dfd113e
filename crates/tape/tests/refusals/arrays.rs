//! Elements arranged, reduced and looked up.

use super::{Refusal, z};
use ndarray::{arr1, arr2};
use tape::{Over, ops};

pub(crate) const ARRANGED: &[Refusal] = &[
    (
        |t| drop(z(t, &[2]).broadcast_to([3])),
        "BroadcastTo of [2]: it does not stretch to [3]; matched from the last axis on, its lengths must be 1 or \
         those wanted",
    ),
    (
        |t| drop(t.concat(0, &[])),
        "Concat of no inputs: there is nothing to join; give at least one variable",
    ),
    (
        |t| drop(t.concat(-1, &[z(t, &[2, 3]), z(t, &[1, 3])])),
        "Concat of [2, 3] and [1, 3]: input 1 differs from the first elsewhere than on axis 1; only the joined axis \
         may differ",
    ),
    (
        |t| drop(t.concat(0, &[t.zeros(&[isize::MAX as usize, 0]); 3])),
        "Concat of [9223372036854775807, 0] and [9223372036854775807, 0] and [9223372036854775807, 0]: the joined axis is \
         longer than can be counted; join less",
    ),
    (
        |t| drop(z(t, &[2, 3]).diagonal(0, 1, 1)),
        "Diagonal of [2, 3]: 1 and 1 are not two axes of 2; name the axes of rows and columns",
    ),
    (
        |t| drop(z(t, &[2, 3]).flip(&[1, -1])),
        "Flip of [2, 3]: axis 1 among 2 is not there, or named twice; name each axis that should turn round once",
    ),
    (
        |t| drop(z(t, &[2, 3]).pad(&[(1, 1)], 0.0)),
        "Pad of [2, 3]: there are margins for 1 axes; give a pair (before, behind) for every axis, (0, 0) for none",
    ),
    (
        |t| drop(z(t, &[2]).pad(&[(usize::MAX, 0)], 0.0)),
        "Pad of [2]: a padded axis is longer than can be counted; use narrower margins",
    ),
    (
        |t| drop(z(t, &[2, 3]).permute(&[0, 0])),
        "Permute of [2, 3]: [0, 0] is not an order of 2 axes; name every axis once",
    ),
    (
        |t| drop(z(t, &[2, 3]).reshape([7])),
        "Reshape of [2, 3]: its 6 elements do not fill [7]; the product of the lengths must stay the same",
    ),
    (
        |t| drop(z(t, &[0]).reshape([usize::MAX, usize::MAX, 0])),
        "Reshape of [0]: its 0 elements do not fill [18446744073709551615, 18446744073709551615, 0]; the product of \
         the lengths must stay the same",
    ),
    (
        |t| drop(z(t, &[2, 3]).slice(-1, 2..4)),
        "Slice of [2, 3]: 2..4 is not within axis 1 of length 3; a stretch starts before it ends, and ends within the \
         axis",
    ),
    (
        |t| drop(z(t, &[2]).select(0, usize::MAX)),
        "Slice of [2]: 18446744073709551615..18446744073709551615 is not within axis 0 of length 2; a stretch starts \
         before it ends, and ends within the axis",
    ),
    (
        |t| drop(z(t, &[5]).split_at(0, &[2, usize::MAX])),
        "split_at: [2, 18446744073709551615] do not add up to 5, the length of axis 0 of [5]; give the lengths of all \
         pieces",
    ),
    (
        |t| drop(z(t, &[5]).split(-1, 0)),
        "split: 0 cuts nothing, not axis -1 of [5] either; ask for 1 or more",
    ),
    (
        |t| drop(z(t, &[2, 3]).squeeze(0)),
        "squeeze: axis 0 of [2, 3] has length 2, not 1; reduce or slice it first",
    ),
    (
        |t| drop(t.stack(&[])),
        "Stack of no inputs: there is nothing to stack; give at least one variable",
    ),
    (
        |t| drop(t.stack(&[z(t, &[2]), z(t, &[3])])),
        "Stack of [2] and [3]: input 1 has not the shape of the first; stack equal shapes",
    ),
    (
        |t| drop(z(t, &[4]).tile([usize::MAX])),
        "Tile of [4]: repeated [18446744073709551615] times, it has an axis longer than can be counted; repeat it less \
         often",
    ),
    (
        |t| drop(z(t, &[2, 3]).apply(ops::shape::transpose::Transpose(0, 2))),
        "Transpose of [2, 3]: there are no axes 0 and 2; axes count from 0 up to the rank",
    ),
    (
        |t| drop(z(t, &[2, 3]).transpose(0, 2)),
        "Transpose: axis 2 of an array of rank 2; axes count from 0 up to the rank, or from −1 backwards",
    ),
    (
        |t| drop(z(t, &[3]).tril(0)),
        "Triangle of [3]: a triangle is part of a matrix; give it two axes or more",
    ),
];

pub(crate) const REDUCED: &[Refusal] = &[
    (
        |t| drop(z(t, &[2, 0]).amax(1)),
        "Amax of [2, 0]: nothing has no greatest element; reduce over axes that have a length",
    ),
    (
        |t| drop(z(t, &[0]).amin(Over::all())),
        "Amin of [0]: nothing has no least element; reduce over axes that have a length",
    ),
    (
        |t| drop(z(t, &[2, 0]).norm(f64::INFINITY, 1)),
        "Norm of [2, 0]: nothing has no norm of this order; reduce over axes that have a length",
    ),
    (
        |t| drop(z(t, &[2]).norm(f64::NAN, 0)),
        "Norm of [2]: the exponent is NaN; take a norm of order 1, 2, …, or ∞",
    ),
    (
        |t| drop(z(t, &[3, 0]).argmax(-1)),
        "argmax: axis 1 of [3, 0] has no element; reduce over an axis that has a length",
    ),
    (
        |t| drop(z(t, &[2, 3]).sum_over([0, -2])),
        "Sum of [2, 3]: axis -2 is named twice; name each axis once",
    ),
    (
        |t| drop(z(t, &[2, 3]).prod(2)),
        "Prod of [2, 3]: there is no axis 2 among 2; axes count from 0, or from −1 backwards",
    ),
    (
        |t| drop(z(t, &[2, 3]).cumsum(isize::MIN)),
        "CumSum: axis -9223372036854775808 of an array of rank 2; axes count from 0 up to the rank, or from −1 \
         backwards",
    ),
    (
        |t| drop(z(t, &[2]).var(0, f64::NAN)),
        "Variance of [2]: the correction is NaN; subtract a number, 0 or 1 as a rule",
    ),
];

pub(crate) const LOOKED_UP: &[Refusal] = &[
    (
        |t| drop(z(t, &[2, 3]).gather(0, &arr2(&[[2]]))),
        "Gather of [2, 3]: there is no index 2 among 2; indices count from 0",
    ),
    (
        |t| drop(z(t, &[2, 3]).gather(0, &arr1(&[0]))),
        "Gather of [2, 3]: the indices are [1]; but for axis 0 they must not reach beyond it; give indices with as \
         many axes, none longer",
    ),
    (
        |t| drop(z(t, &[2, 3]).gather_affine(&[0], z(t, &[2]))),
        "GatherAffine of [2, 3] and [2]: a bias of [2] fits no row of [3]; give a bias of the shape of one row",
    ),
    (
        |t| drop(z(t, &[]).gather_rows(&[0])),
        "GatherRows of []: a number has no rows; look rows up in an array of rank 1 or more",
    ),
    (
        |t| drop(z(t, &[2, 3]).gather_rows(&[1, 2])),
        "GatherRows of [2, 3]: there is no row 2 among 2; rows count from 0",
    ),
    (
        |t| drop(z(t, &[2, 3]).index_select(1, &[3])),
        "IndexSelect of [2, 3]: there is no index 3 among 3; indices count from 0",
    ),
    (
        |t| drop(z(t, &[2, 3]).index_add(0, &[1], z(t, &[2, 3]))),
        "IndexAdd of [2, 3] and [2, 3]: the source must be [1, 3]; give one slice for every index",
    ),
    (
        |t| drop(z(t, &[2]).scatter_add(0, &arr1(&[0, 1, 0]), z(t, &[2]))),
        "ScatterAdd of [2] and [2]: the indices are [3], beyond the source; give a source with an element for every \
         index",
    ),
    (
        |t| drop(t.one_hot(&[2], 2)),
        "OneHot of no inputs: there is no class 2 among 2; classes count from 0",
    ),
    (
        |t| drop(t.one_hot(&[0, 0], usize::MAX)),
        "OneHot of no inputs: the output would be [2, 18446744073709551615], more elements than can be counted; use \
         smaller axes",
    ),
    (
        |t| drop(z(t, &[2, 3]).where_(&arr1(&[true; 2]), z(t, &[]))),
        "Where of [2, 3] and [] and [2]: axis -1 is 3 long and also 2; lengths must be equal, or 1; reshape them so \
         that their axes line up from the right",
    ),
];
