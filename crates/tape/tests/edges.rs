//! The edges of the ops: kinks, NaN, infinities and large arguments, as PyTorch and JAX have them.
//!
//! Where the two agree, so must this crate. Where they differ, its choice must be one of theirs, and a choice
//! against PyTorch stands in [`NOT_AS_PYTORCH`] with its reason.
#![allow(clippy::unwrap_used)] // where nothing can be unwrapped, a test has failed

use ndarray::ArrayD;
use std::collections::BTreeSet;
use tape::{Tape, Var};

/// Cases in which some element is JAX's and not PyTorch's.
const NOT_AS_PYTORCH: &[(&str, &str)] = &[
    ("relu_special", "no slope at NaN, where PyTorch has 1"),
    ("sign_special", "the sign of NaN is NaN, where PyTorch has 0"),
    ("elu_special", "the slope at NaN is NaN, where PyTorch has 1"),
    ("selu_special", "the slope at NaN is NaN, where PyTorch has λ"),
    ("maximum_ties_nan", "no slope at NaN, where PyTorch gives both the whole adjoint"),
    ("minimum_ties_nan", "no slope at NaN, where PyTorch gives both the whole adjoint"),
    ("pow_const_0.5", "(−0)^½ is +0 with slope ∞ (IEEE 754), where PyTorch has √−0 = −0 and −∞"),
];

/// One case: what goes in, and what PyTorch and (if it was asked) JAX have for the value and each gradient.
#[derive(Default)]
struct Case {
    name: &'static str,
    expression: &'static str,
    inputs: Vec<ArrayD<f64>>,
    torch: Vec<Vec<f64>>,
    jax: Vec<Vec<f64>>,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|x| x.parse().unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = vec![];
    for line in include_str!("golden/edges.txt").lines() {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        if word == "case" {
            let (name, expression) = rest.split_once(": ").unwrap();
            cases.push(Case { name, expression, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        if word.starts_with("jax") {
            case.jax.push(numbers(rest));
            continue;
        }
        let (shape, data) = rest[1..].split_once(']').unwrap();
        if word.starts_with("torch") {
            case.torch.push(numbers(data));
            continue;
        }
        let axes = shape.split(", ").filter(|n| !n.is_empty());
        let shape: Vec<usize> = axes.map(|n| n.parse().unwrap()).collect();
        case.inputs.push(ArrayD::from_shape_vec(shape, numbers(data)).unwrap());
    }
    cases
}

/// 1, 2, … along the last axis of `x`: against a cotangent of ones, a softmax has no gradient.
fn counting<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    let n = *x.shape().last().unwrap();
    x.tape().constant((1..=n).map(|k| k as f64).collect::<Vec<_>>())
}

/// The expressions of the golden file in the words of this crate.
fn evaluate<'t>(expression: &str, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let (a, last) = (x[0], x[x.len() - 1]);
    let constant = |value: &[f64]| a.tape().constant(value);
    match expression {
        "relu(x)" => a.relu(),
        "abs(x)" => a.abs(),
        "sign(x)" => a.sign(),
        "leaky_relu(x)" => a.leaky_relu(0.01),
        "elu(x)" => a.elu(1.0),
        "gelu(x)" => a.gelu(),
        "silu(x)" => a.silu(),
        "softplus(x)" | "softplus(x, beta=1, threshold=20): linear above 20" => {
            a.softplus_with(1.0, 20.0)
        }
        "tanh(x)" | "tanh(x) near 0" => a.tanh(),
        "sigmoid(x)" => a.sigmoid(),
        "exp(x)" => a.exp(),
        "expm1(x)" => a.expm1(),
        "log(x)" => a.ln(),
        "log1p(x)" => a.log1p(),
        "sqrt(x)" => a.sqrt(),
        "rsqrt(x)" => a.rsqrt(),
        "square(x)" => a.square(),
        "reciprocal(x)" => a.reciprocal(),
        "sin(x)" => a.sin(),
        "cos(x)" => a.cos(),
        "neg(x)" => -a,
        "hardtanh(x)" => a.hard_tanh(),
        "relu6(x)" => a.relu6(),
        "logsigmoid(x)" => a.log_sigmoid(),
        "selu(x)" => a.selu(),
        "mish(x)" => a.mish(),
        "softsign(x)" => a.softsign(),
        "sum(w*softmax(x,0)), w=1..n" => a.softmax_axis(0) * counting(a),
        "sum(w*log_softmax(x,0)), w=1..n" => a.log_softmax_axis(0) * counting(a),
        "softmax(empty(0),0)" => a.softmax(),
        "log_softmax(x+m,0)[0], m=[0,-inf]" => {
            (a + constant(&[0.0, f64::NEG_INFINITY])).log_softmax().select(0, 0)
        }
        "logaddexp(a,b)" => a.logaddexp(last),
        "maximum(a,b)" => a.maximum(last),
        "minimum(a,b)" => a.minimum(last),
        "clamp(x,-1,1)" => a.clamp(-1.0, 1.0),
        "clamp(x,min=0)" => a.clamp(0.0, f64::INFINITY),
        "clamp(x,1,-1) (min>max)" => a.clamp(1.0, -1.0),
        "a/b" | "x/x" => a / last,
        "a*b" => a * last,
        "a-b" => a - last,
        "pow(a,b)" => a.pow(last),
        "0.0**b" => a.tape().constant(0.0).pow(a),
        "2**b" => a.tape().constant(2.0).pow(a),
        "bce_with_logits(x,y) none" => {
            a.binary_cross_entropy_with_logits(constant(&[0.0, 1.0, 0.0, 1.0, 0.5]))
        }
        "binary_cross_entropy(p,y) none (clamped at -100)" => {
            a.binary_cross_entropy(constant(&[0.0, 1.0, 0.0, 1.0]))
        }
        "huber_loss(x,0,delta=1) none" => a.huber(constant(&[0.0]), 1.0),
        "smooth_l1_loss(x,0,beta=0) none" => a.smooth_l1(constant(&[0.0]), 0.0),
        "l1_loss(x,0) none" => a.l1(constant(&[0.0])),
        "cross_entropy(x,[0])" => a.log_softmax().nll(&[0]),
        "cross_entropy(x,[0,1])" => a.log_softmax().nll(&[0, 1]) / 2.0,
        "cross_entropy(x,[-100,1]) mean" => {
            a.log_softmax().nll_weighted(&[0, 1], constant(&[0.0, 1.0]))
        }
        "layer_norm(x,(1,))" | "layer_norm(x,(3,))" => {
            a.layer_norm(1, None, None, 1e-5) * counting(a)
        }
        "cosine_similarity(a,b)" => a.cosine_similarity(last, 0, 1e-8),
        power => match power.strip_prefix("x**") {
            Some(p) => a.powf(p.parse().unwrap()),
            None => panic!("unknown expression {power}"),
        },
    }
}

/// To 1e-12 of the larger of 1 and the value; zeros of either sign are one.
fn same(got: f64, want: f64) -> bool {
    let near = (got - want).abs() <= 1e-12 * want.abs().max(1.0);
    got == want || near && want.is_finite() || got.is_nan() && want.is_nan()
}

#[test]
fn where_pytorch_and_jax_agree_so_do_we_and_elsewhere_we_are_with_one_of_them() {
    let (mut wrong, mut against) = (vec![], BTreeSet::new());
    for case in cases() {
        let tape = Tape::<f64>::new();
        let x: Vec<_> = case.inputs.iter().map(|x| tape.leaf(x)).collect();
        let y = evaluate(case.expression, &x);
        let gradients = tape.backward(y.sum());
        let mut ours = vec![y.value()];
        ours.extend(x.iter().map(|&x| gradients[x].clone()));
        assert_eq!(ours.len(), case.torch.len(), "{}", case.name);
        for (i, (ours, torch)) in ours.iter().zip(&case.torch).enumerate() {
            assert_eq!(ours.len(), torch.len(), "{}", case.name);
            for (k, (&ours, &torch)) in ours.iter().zip(torch).enumerate() {
                let jax = case.jax.get(i).map(|jax| jax[k]);
                if same(ours, torch) {
                    continue;
                }
                if jax.is_some_and(|jax| same(ours, jax)) {
                    against.insert(case.name);
                    continue;
                }
                let part = if i == 0 { "value" } else { "gradient" };
                wrong.push(format!(
                    "{} {part}[{k}]: ours {ours:e}, PyTorch's {torch:e}, JAX's {jax:?}",
                    case.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let stated: BTreeSet<_> = NOT_AS_PYTORCH.iter().map(|(name, _)| *name).collect();
    assert_eq!(against, stated);
}

#[test]
fn softplus_without_a_threshold_is_smooth_where_pytorchs_is_not() {
    let case = cases().into_iter().find(|case| case.name == "softplus_large").unwrap();
    let tape = Tape::<f64>::new();
    let y = tape.leaf(&case.inputs[0]).softplus().value();
    assert!(y.iter().zip(&case.jax[0]).all(|(&ours, &jax)| same(ours, jax)));
    assert!(y.iter().zip(&case.torch[0]).any(|(&ours, &torch)| !same(ours, torch)));
}
