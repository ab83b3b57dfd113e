//! Products, what networks are made of, and what a user brings.

use super::{Refusal, z};
use ndarray::{Array, IxDyn};
use tape::{Branching, Clip, Formula, Over, Pointwise, Real, ops};

pub(crate) const MULTIPLIED: &[Refusal] = &[
    (
        |t| drop(z(t, &[2, 3]) + z(t, &[2, 1, 4])),
        "Add of [2, 3] and [2, 1, 4]: axis -1 is 3 in one and 4 in the other; lengths must be equal, or one of them 1; \
         reshape one operand so that its axes line up from the right",
    ),
    (
        |t| drop(z(t, &[2, 3]).matmul(z(t, &[2, 3]))),
        "MatMul of [2, 3] and [2, 3]: the inner lengths must agree, but 3 ≠ 2; reshape or transpose an operand",
    ),
    (
        |t| drop(z(t, &[2, 3]).matmul(z(t, &[]))),
        "MatMul of [2, 3] and []: the right operand is a number, not a matrix; reshape or transpose an operand",
    ),
    (
        |t| drop(z(t, &[2, 1, 3]).matmul(z(t, &[5, 3, 1]))),
        "MatMul of [2, 1, 3] and [5, 3, 1]: the leading axes [2] and [5] do not broadcast; reshape or transpose an \
         operand",
    ),
    (
        |t| drop(z(t, &[2]).affine(z(t, &[2]), z(t, &[]))),
        "Affine of [2] and [2] and []: it takes an input of rank 1 or more and a weight of rank 2; the weight is \
         [in, out]: transpose it, or reshape the input",
    ),
    (
        |t| drop(z(t, &[4, 3]).affine(z(t, &[2, 3]), z(t, &[3]))),
        "Affine of [4, 3] and [2, 3] and [3]: the input's last axis is 3, the weight's first 2; the weight is \
         [in, out]: transpose it, or reshape the input",
    ),
    (
        |t| drop(z(t, &[4, 2]).affine_tanh(z(t, &[2, 3]), z(t, &[5]))),
        "AffineTanh of [4, 2] and [2, 3] and [5]: the last operand does not stretch to [4, 3]; the weight is \
         [in, out]: transpose it, or reshape the input",
    ),
    (
        |t| drop(z(t, &[4, 3]).matmul_columns(z(t, &[2, 3]), 0..1)),
        "MatMulColumns of [4, 3] and [2, 3]: the input's last axis is 3, the weight's first 2; the weight is \
         [in, out]: transpose it, or reshape the input",
    ),
    (
        |t| drop(z(t, &[4, 2]).matmul_columns(z(t, &[2, 3]), 1..4)),
        "MatMulColumns of [4, 2] and [2, 3]: 1..4 is not within the weight's 3 columns; columns start before they \
         end, within the weight",
    ),
    (
        |t| drop(z(t, &[2, 2]).dot(z(t, &[2]))),
        "dot: [2, 2] and [2] are not two vectors; use `matmul` for matrices, `flatten` to make a vector",
    ),
    (
        |t| drop(t.einsum("ij,j->i", &[z(t, &[2, 3]), z(t, &[4])])),
        "einsum: `ij,j->i`: `j` is 3 long, and also 4; write one letter for each axis, as in `bij,bjk->bik`",
    ),
];

pub(crate) const LEARNED: &[Refusal] = &[
    (
        |t| drop(z(t, &[2]).dropout(-0.5, 1, 1)),
        "Dropout of [2]: the rate is -0.5; a probability is within 0..=1",
    ),
    (|t| drop(z(t, &[3]).glu()), "Glu of [3]: axis 0 has length 3; only an even length has halves"),
    (
        |t| drop(z(t, &[2]).clip_gradient(Clip::Norm(f64::NAN))),
        "ClipGradient of [2]: the limit is NaN; no magnitude is below 0",
    ),
    (
        |t| {
            let op = ops::normalisation::layer_norm::LayerNorm {
                axes: 1,
                weight: true,
                bias: false,
                epsilon: 0.0,
            };
            drop(z(t, &[2]).apply(op));
        },
        "LayerNorm of [2]: it takes 2 inputs, but was given 1; give x, then the weight and the bias it says it has",
    ),
    (
        |t| drop(z(t, &[2]).layer_norm(2, None, None, 0.1)),
        "LayerNorm of [2]: a row cannot be 2 axes of 1; a row is one axis or more, and at most all",
    ),
    (
        |t| drop(z(t, &[2, 3]).layer_norm(1, Some(z(t, &[2])), None, 0.1)),
        "LayerNorm of [2, 3] and [2]: a row is [3]; weight and bias must have the shape of a row",
    ),
    (
        |t| drop(z(t, &[2]).squared_error(z(t, &[1]))),
        "SquaredError of [2] and [1]: outputs and targets must have one shape; reshape the targets",
    ),
    (
        |t| drop(z(t, &[2]).cosine_similarity(z(t, &[1]), 0, 1e-8)),
        "CosineSimilarity of [2] and [1]: both must have one shape; expand or reshape one of them",
    ),
    (
        |t| drop(z(t, &[]).cross_entropy(&[0])),
        "CrossEntropy of []: a number is no row of scores; scores are [.., classes]",
    ),
    (
        |t| drop(z(t, &[2, 3]).cross_entropy(&[0])),
        "CrossEntropy of [2, 3]: there are 2 rows of scores but 1 targets; give one class for each row",
    ),
    (
        |t| drop(z(t, &[2, 3]).affine_cross_entropy(z(t, &[3, 4]), z(t, &[4, 1]), &[0, 0])),
        "AffineCrossEntropy of [2, 3] and [3, 4] and [4, 1]: it takes an input of rank 1 or more, a weight of rank 2 and a bias of rank 1; \
         the weight is [in, classes], the bias [classes]",
    ),
    (
        |t| drop(z(t, &[2, 3]).affine_cross_entropy(z(t, &[4, 3]), z(t, &[3]), &[0, 0])),
        "AffineCrossEntropy of [2, 3] and [4, 3] and [3]: a row of 3 and a bias of 3 fit no weight [4, 3]; \
         the weight is [in, classes], the bias [classes]",
    ),
    (
        |t| drop(z(t, &[2, 3]).nll(&[0, 3])),
        "Nll of [2, 3]: target 1 is class 3, but there are 3 classes; classes count from 0",
    ),
    (
        |t| drop(z(t, &[2, 3]).cross_entropy_weighted(&[0, 1], z(t, &[3]))),
        "CrossEntropy of [2, 3] and [3]: there are 2 rows of scores but 3 weights; give one weight for each row",
    ),
];

/// `min(x, y)`, and a formula of nothing.
#[derive(Debug, Clone, Copy)]
struct Least;

impl Formula<2, 1> for Least {
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        if x < y { [x] } else { [y] }
    }
}

impl Formula<0, 1> for Least {
    fn eval<R: Real>(&self, []: [R; 0]) -> [R; 1] {
        [R::ONE]
    }
}

pub(crate) const BROUGHT: &[Refusal] = &[
    (
        |t| drop(z(t, &[2, 3]).apply(ops::reduction::sum::Sum(Over::from(2)))),
        "Sum of [2, 3]: there is no axis 2 among 2; axes count from 0, or from −1 backwards",
    ),
    (
        |t| drop(t.apply(ops::gradient::detach::Detach, &[])),
        "Detach of no inputs: it takes 1 inputs, but was given 0; apply it to as many variables as it takes",
    ),
    (
        |t| drop(Pointwise::new(|[a, b]| [a * b]).apply(&[z(t, &[2, 3])])),
        "Pointwise of [2, 3]: the last axes do not hold 2 inputs of one width; lay inputs of one width side by side on the \
         last axis; leading axes are equal or missing",
    ),
    (
        |t| drop(Pointwise::new(|[a, b]| [a * b]).apply(&[z(t, &[2, 3]), z(t, &[4, 3])])),
        "Pointwise of [2, 3] and [4, 3]: the leading axes of input 0 are [2], not [4]; lay inputs of one width side by \
         side on the last axis; leading axes are equal or missing",
    ),
    (
        |t| drop(t.branching(Least, [z(t, &[2]), z(t, &[3])])),
        "Least of [2] and [3]: [3] is not [2]; give arrays of one shape, or single numbers",
    ),
    (
        |t| drop(t.apply(Branching::<_, 0, 1>(Least), &[])),
        "Least of no inputs: it takes no inputs; put a constant on the tape instead",
    ),
    (
        |t| drop(t.precomputed([1.0, 2.0], &[(z(t, &[3]), [1.0; 3])])),
        "Precomputed of [2] and [3] and [3]: the value is [2] and an input [3], with a partial derivative of [3]; give a \
         partial derivative of the value's shape for an input of that shape or of one element, or of the input's shape \
         for a value of one element",
    ),
    (
        |_| {
            let x = || Array::zeros(IxDyn(&[2]));
            drop(tape::jvp(|_, x| x[0], &[x()], &[x(), x()]).map_err(|e| panic!("{e}")));
        },
        "forward mode: points of shapes [[2]], directions of shapes [[2], [2]]; give each input a direction of its own \
         shape",
    ),
];
