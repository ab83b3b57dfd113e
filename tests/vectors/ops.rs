//! `torch_*_ops.json`: one operation a case, `outputs = f(input, *args, **kwargs)`, and the product of given cotangents
//! with its Jacobian.
//!
//! | compared | within |
//! |---|---|
//! | `out.k` | 10⁻¹² max(1, max \|want\|) |
//! | `grad.leaf`, the product with `cot.k` | 10⁻¹⁰ max(10⁻³, max \|want\|) |
//! | `hv.leaf`, its change along `hv_v` | see [`hessian`] |
//!
//! [`evaluate`] is generic: over numbers that carry a direction, its gradients carry the Hessian along it.

use crate::{
    apply::{Call, Output, apply},
    archive::{Archive, Argument, Tensor},
    hessian,
    report::{Report, Skip},
};
use ndarray::ArrayD;
use serde_json::Value;
use tape::{Real, Tape};

/// One case of a collection.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) archive: &'a Archive,
    pub(crate) key: &'a str,
    pub(crate) op: &'a str,
    pub(crate) input: Argument,
    pub(crate) args: Vec<Argument>,
    pub(crate) kwargs: Vec<(String, Argument)>,
    /// The shapes of all outputs.
    pub(crate) shapes: Vec<Vec<usize>>,
    /// Which outputs are floats, and so have a cotangent.
    float_outputs: Vec<usize>,
    /// The paths of the tensors with a gradient.
    pub(crate) leaves: Vec<&'a str>,
    /// Whether the change of the gradients along a direction was recorded.
    hvp: bool,
}

fn numbers(json: &Value) -> Vec<usize> {
    json.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

impl<'a> Case<'a> {
    fn read(archive: &'a Archive, json: &'a Value) -> Self {
        let Argument::List(args) = Argument::read(&json["args"]) else { panic!("args are a list") };
        let kwargs = json["kwargs"].as_object().unwrap();
        Self {
            archive,
            key: json["key"].as_str().unwrap(),
            op: json["op"].as_str().unwrap(),
            input: Argument::read(&json["input"]),
            args,
            kwargs: kwargs.iter().map(|(k, v)| (k.clone(), Argument::read(v))).collect(),
            shapes: json["outputs"].as_array().unwrap().iter().map(numbers).collect(),
            float_outputs: numbers(&json["float_outputs"]),
            leaves: json["leaves"]
                .as_array()
                .unwrap()
                .iter()
                .map(|l| l.as_str().unwrap())
                .collect(),
            hvp: json["hvp"].as_bool().unwrap_or(false),
        }
    }

    pub(crate) fn floats(&self, path: &str) -> &'a ArrayD<f64> {
        self.archive.floats(self.key, path)
    }

    fn leaf_values(&self) -> Vec<ArrayD<f64>> {
        self.leaves.iter().map(|leaf| self.floats(leaf).clone()).collect()
    }
}

/// The values of outputs (floats, or indices), and the gradients of the leaves.
pub(crate) struct Evaluated<T> {
    outputs: Vec<Result<ArrayD<T>, ArrayD<usize>>>,
    pub(crate) gradients: Vec<ArrayD<T>>,
}

/// Applies the op of `case` to `leaves` and sweeps its cotangents back.
pub(crate) fn evaluate<T: Real>(
    case: &Case<'_>,
    leaves: &[ArrayD<T>],
) -> Result<Evaluated<T>, Skip> {
    let tape = Tape::new();
    let vars: Vec<_> = leaves.iter().map(|leaf| tape.leaf(leaf)).collect();
    let found = apply(&Call::new(case, &tape, &vars))?;
    let cotangents: Vec<ArrayD<T>> =
        case.float_outputs.iter().map(|k| case.floats(&format!("cot.{k}")).mapv(T::of)).collect();
    let floats = found.iter().filter_map(|output| match output {
        Output::Value(var) => Some(*var),
        Output::Indices(_) => None,
    });
    let swept = tape.backward_from(&floats.zip(&cotangents).collect::<Vec<_>>());
    let outputs = found.iter().map(|output| match output {
        Output::Value(var) => Ok(var.value()),
        Output::Indices(indices) => Err(indices.clone()),
    });
    Ok(Evaluated {
        outputs: outputs.collect(),
        gradients: vars.iter().map(|&var| swept[var].clone()).collect(),
    })
}

/// The largest difference as a part of `tolerance`'s scale, or what is wrong.
pub(crate) fn compare(
    what: &str,
    got: &ArrayD<f64>,
    want: &ArrayD<f64>,
    (tolerance, floor): (f64, f64),
) -> Result<f64, String> {
    if got.shape() != want.shape() {
        return Err(format!("{what} has shape {:?}, not {:?}", got.shape(), want.shape()));
    }
    let finite = want.iter().filter(|w| w.is_finite());
    let scale = finite.fold(floor, |scale, w| scale.max(w.abs()));
    let mut worst = 0.0f64;
    for ((index, got), want) in got.indexed_iter().zip(want) {
        if got == want || got.is_nan() && want.is_nan() {
            continue;
        }
        let error = (got - want).abs() / scale;
        if error.is_nan() || error > tolerance {
            let index = ndarray::Dimension::slice(&index).to_vec();
            return Err(format!("{what}{index:?} is {got:e}, not {want:e}: off by {error:.1e}"));
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

/// What a gradient should be where the recorded one is known to be wrong, and why. Nothing is forgiven: the
/// corrected numbers are compared as strictly as any.
fn corrected(case: &Case<'_>, leaf: &str) -> Option<(ArrayD<f64>, &'static str)> {
    let recorded = case.floats(&format!("grad.{leaf}"));
    match case.op {
        "nn.functional.hardsigmoid" => {
            let ratio = (1.0 / 6.0) / f64::from(1.0f32 / 6.0);
            Some((recorded * ratio, "hardsigmoid: PyTorch has its slope, 1/6, in single precision"))
        }
        "nn.functional.layer_norm" if leaf == "input" => {
            let Some(Argument::List(axes)) = case.args.first() else { return None };
            let single = axes.iter().all(|n| *n == Argument::Int(1));
            let why = "layer_norm over one element is constant, its gradient 0: PyTorch has rounding errors";
            single.then(|| (recorded * 0.0, why))
        }
        _ => None,
    }
}

/// Replays a case: the worst error, or what failed; or why it was skipped.
fn judge(case: &Case<'_>, report: &mut Report) -> Result<Result<f64, String>, Skip> {
    let found = evaluate::<f64>(case, &case.leaf_values())?;
    if found.outputs.len() != case.shapes.len() {
        return Ok(Err(format!("{} outputs, not {}", found.outputs.len(), case.shapes.len())));
    }
    let mut worst = 0.0f64;
    for (k, output) in found.outputs.iter().enumerate() {
        let path = format!("out.{k}");
        let outcome = match (output, case.archive.get(case.key, &path)) {
            (Ok(got), Some(Tensor::Float(want))) => compare(&path, got, want, (1e-12, 1.0)),
            (Err(got), Some(Tensor::Int(want))) => {
                let same = got.shape() == want.shape()
                    && got.iter().zip(want).all(|(&got, &want)| got as i64 == want);
                if same { Ok(0.0) } else { Err(format!("{path} is {got}, not {want}")) }
            }
            (_, want) => Err(format!("{path} should be {want:?}")),
        };
        match outcome {
            Ok(error) => worst = worst.max(error),
            failure => return Ok(failure),
        }
    }
    for (leaf, got) in case.leaves.iter().zip(&found.gradients) {
        let path = format!("grad.{leaf}");
        let corrected = corrected(case, leaf);
        if let Some((_, why)) = corrected {
            *report.corrected.entry(why).or_default() += 1;
        }
        let want = corrected.map_or_else(|| case.floats(&path).clone(), |(want, _)| want);
        match compare(&path, got, &want, (1e-10, 1e-3)) {
            Ok(error) => worst = worst.max(error),
            failure => return Ok(failure),
        }
    }
    if case.hvp {
        match hessian::judge(case)? {
            Ok(error) => report.enter_hessian(error),
            failure => return Ok(failure),
        }
    }
    Ok(Ok(worst))
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    let mut report = Report { name: archive.name.clone(), ..Report::default() };
    assert_eq!(archive.manifest["format"], "torch-vectors-1", "{}: unknown format", archive.name);
    for json in archive.manifest["cases"].as_array().unwrap() {
        let case = Case::read(archive, json);
        report.guard(case.key, case.op, |report| judge(&case, report));
    }
    report
}

#[test]
fn a_wrong_number_is_noticed() {
    let want = ndarray::arr1(&[1.0, -2.0]).into_dyn();
    let off = |by: f64| compare("y", &(&want + by), &want, (1e-12, 1.0));
    assert_eq!(off(0.0), Ok(0.0));
    assert!(off(1e-12).is_ok());
    assert!(off(3e-12).unwrap_err().starts_with("y[0] is 1.0"));
    assert!(compare("y", &want, &want.clone().insert_axis(ndarray::Axis(0)), (1.0, 1.0)).is_err());
    assert!(compare("y", &(&want * f64::NAN), &want, (1e-12, 1.0)).is_err());
}
