//! The edges of the ops: kinks, NaN, infinities and large arguments, as PyTorch and JAX have them.
//!
//! Where the two agree, so must this crate. Where they differ, its choice must be one of theirs, and a choice
//! against PyTorch stands in [`NOT_AS_PYTORCH`] with its reason. `docs/edges.md` is the table of what is chosen.
mod expressions;

use expressions::evaluate;
use ndarray::ArrayD;
use std::collections::BTreeSet;
use tape::Tape;

/// Cases in which some element is JAX's and not PyTorch's.
const NOT_AS_PYTORCH: &[(&str, &str)] = &[
    ("relu_special", "no slope at NaN, where PyTorch has 1"),
    ("sign_special", "the sign of NaN is NaN, where PyTorch has 0"),
    ("elu_special", "the slope at NaN is NaN, where PyTorch has 1"),
    ("selu_special", "the slope at NaN is NaN, where PyTorch has λ"),
    ("maximum_ties_nan", "no slope at NaN, where PyTorch gives both the whole adjoint"),
    ("minimum_ties_nan", "no slope at NaN, where PyTorch gives both the whole adjoint"),
    ("logsumexp_verylarge", "two equal shares of 1, where PyTorch has the whole twice"),
    ("max_nan", "`amax` gives NaN to all, as PyTorch's own `amax`; its `max` gives 1 to the NaN"),
    ("pow_const_0.5", "(−0)^½ is +0 with slope ∞ (IEEE 754), where PyTorch has √−0 = −0 and −∞"),
];

/// The one case in which JAX was not asked and we are not with PyTorch.
const ALONE: [&str; 1] = ["max_nan"];

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
    for line in include_str!("../golden/edges.txt").lines() {
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
                if jax.is_some_and(|jax| same(ours, jax)) || ALONE.contains(&case.name) {
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
