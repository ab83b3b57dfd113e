//! `torch_*_train.json`: clipped gradients and the way of optimizers.
//!
//! | part | here |
//! |---|---|
//! | `clip` | [`clip::p_norm`] and [`clip::value`] |
//! | `optim` | 20 steps down `½ (z − z*)ᵀ A (z − z*)`: [`Sgd`], [`Adam`] |
//! | `sched`, `init` | skipped: schedules are not built yet; of initial values the file has bounds only, which the crate's own tests judge |
//!
//! All within 10⁻¹² max(1, max |want|).

use crate::{
    archive::Archive,
    ops::compare,
    report::{Report, Skip},
};
use ndarray::{Array1, Array2, ArrayD, arr1};
use rnn::{
    Bound, Error, ParamStore, clip,
    optim::{Adam, Optimizer, Sgd},
};
use serde_json::Value;
use tape::{Gradients, ParamId, Tape, Var};

const TOLERANCE: (f64, f64) = (1e-12, 1.0);

/// A number, which JSON has no word for if it is not finite.
fn number(json: &Value) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

fn numbers(json: &Value) -> Array1<f64> {
    json.as_array().unwrap().iter().map(number).collect()
}

/// Parameters whose gradients are those given.
fn with_gradients(all: &Value) -> (Vec<ParamId>, Gradients<f64>) {
    let (tape, mut store) = (Tape::new(), ParamStore::new());
    let terms = all.as_array().unwrap().iter().enumerate().map(|(k, gradient)| {
        let gradient = numbers(gradient);
        let id = store.add(k.to_string(), (&gradient * 0.0).mapv(|_| 0.0).into_dyn()).unwrap();
        (id, (store.bind(&tape).var(id) * tape.constant(gradient)).sum())
    });
    let (ids, terms): (Vec<_>, Vec<_>) = terms.unzip();
    let loss = terms.into_iter().reduce(|a, b| a + b).unwrap();
    (ids, tape.backward(loss))
}

fn clipped(case: &Value, report: &mut Report) -> Result<Result<f64, String>, Skip> {
    let (ids, mut gradients) = with_gradients(&case["grads"]);
    let mut factor = 1.0;
    if case["kind"] == "value" {
        if let Err(error) = clip::value(&mut gradients, number(&case["clip_value"])) {
            return Ok(Err(error.to_string()));
        }
    } else {
        let norm_type = number(&case["norm_type"]);
        let mut correct = |why| *report.corrected.entry(why).or_default() += 1;
        let recorded = number(&case["total_norm"]);
        let ours = match clip::p_norm(&mut gradients, norm_type, number(&case["max_norm"])) {
            Ok(clipped) => clipped,
            Err(Error::NonFiniteGradient { .. }) if !recorded.is_finite() => {
                correct(
                    "clip: a gradient that is not finite is an error here, and nothing is clipped",
                );
                return Ok(Ok(0.0));
            }
            Err(error) => return Ok(Err(error.to_string())),
        };
        if recorded == ours.norm || (recorded / ours.norm - 1.0).abs() < 1e-12 {
            // PyTorch divides by the norm and a millionth.
            factor = if ours.clipped { ours.norm / (ours.norm + 1e-6) } else { 1.0 };
        } else if recorded.is_infinite() {
            correct(
                "clip: PyTorch's norm overflows, and its gradient is 0; the threshold is reached instead",
            );
            let powers = |&id: &ParamId| gradients[id].mapv(|x| x.abs().powf(norm_type)).sum();
            let reached = ids.iter().map(powers).sum::<f64>().powf(norm_type.recip());
            let off = (reached / number(&case["max_norm"]) - 1.0).abs();
            return Ok(if off < 1e-12 { Ok(off) } else { Err(format!("off by {off:e}")) });
        } else if recorded == 0.0 && ours.norm < 1e-150 {
            correct("clip: PyTorch's norm underflows to 0");
        } else {
            return Ok(Err(format!("the norm is {}, not {recorded}", ours.norm)));
        }
    }
    let mut worst = 0.0f64;
    for (&id, want) in ids.iter().zip(case["clipped"].as_array().unwrap()) {
        let got = gradients[id].mapv(|x| x * factor);
        match compare("clipped", &got, &numbers(want).into_dyn(), TOLERANCE) {
            Ok(error) => worst = worst.max(error),
            failure => return Ok(failure),
        }
    }
    Ok(Ok(worst))
}

/// The optimizer of a case, or what it lacks.
fn optimizer(name: &str, args: &Value) -> Result<Box<dyn Optimizer<f64>>, Skip> {
    let known: &[&str] = match name {
        "SGD" => &["lr", "momentum", "nesterov", "weight_decay"],
        "Adam" => &["lr", "betas", "eps", "weight_decay", "note"],
        _ => return Skip::because("not built yet"),
    };
    let mut asked = args.as_object().unwrap().keys();
    if let Some(other) = asked.find(|name| !known.contains(&name.as_str())) {
        return Skip::because(format!("without {other}"));
    }
    let value = |name: &str, usual| args[name].as_f64().unwrap_or(usual);
    let (lr, decay) = (value("lr", f64::NAN), value("weight_decay", 0.0));
    if name == "SGD" {
        let nesterov = args["nesterov"].as_bool().unwrap_or(false);
        let sgd = Sgd::new(lr).momentum(value("momentum", 0.0)).nesterov(nesterov);
        return Ok(Box::new(sgd.weight_decay(decay)));
    }
    let betas = args["betas"].as_array().map_or([0.9, 0.999], |b| [number(&b[0]), number(&b[1])]);
    let adam = Adam::new(lr).betas(betas[0], betas[1]).epsilon(value("eps", 1e-8));
    Ok(Box::new(adam.weight_decay(decay)))
}

/// Follows an optimizer: `loss` of the parameters and the step, which may leave parameters out.
fn follow(
    mut optimizer: Box<dyn Optimizer<f64>>,
    start: &[Array1<f64>],
    trajectory: &Value,
    loss: impl for<'t> Fn(Bound<'t, '_, f64>, &[ParamId], usize) -> Var<'t, f64>,
) -> Result<f64, String> {
    let (mut store, mut worst) = (ParamStore::new(), 0.0f64);
    let ids: Vec<_> = start
        .iter()
        .enumerate()
        .map(|(k, z)| store.add(k.to_string(), z.clone().into_dyn()).unwrap())
        .collect();
    for (step, want) in trajectory.as_array().unwrap().iter().enumerate() {
        let tape = Tape::new();
        let gradients = tape.backward(loss(store.bind(&tape), &ids, step));
        optimizer.step(&mut store, &gradients).map_err(|e| e.to_string())?;
        let point: Vec<_> = ids.iter().flat_map(|&id| store.get(id).iter().copied()).collect();
        let want = numbers(want).into_dyn();
        worst = worst.max(compare("point", &arr1(&point).into_dyn(), &want, TOLERANCE)?);
    }
    Ok(worst)
}

fn descended(problem: &Value, case: &Value) -> Result<Result<f64, String>, Skip> {
    let optimizer = optimizer(case["name"].as_str().unwrap(), &case["args"])?;
    let (z0, z_star) = (numbers(&problem["z0"]), numbers(&problem["z_star"]));
    let (trajectory, n) = (&case["trajectory"], z0.len());
    if case["args"]["note"].is_string() {
        let target: ArrayD<f64> = z_star.slice(ndarray::s![..3]).to_owned().into_dyn();
        let start = [z0.slice(ndarray::s![..3]).to_owned(), Array1::zeros(2)];
        return Ok(follow(optimizer, &start, trajectory, |p, ids, step| {
            let a = (p.var(ids[0]) - p.tape().constant(&target)).square().sum();
            if step % 2 == 0 { a + (p.var(ids[1]) - 1.0).square().sum() } else { a }
        }));
    }
    let rows = problem["A"].as_array().unwrap().iter().flat_map(numbers);
    let a = Array2::from_shape_vec((n, n), rows.collect()).unwrap();
    Ok(follow(optimizer, &[z0], trajectory, |p, ids, _| {
        let away = (p.var(ids[0]) - p.tape().constant(&z_star)).reshape([1, n]);
        (away.matmul(p.tape().constant(&a)) * away).sum() * 0.5
    }))
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    let file = &archive.manifest;
    assert_eq!(file["format"], "torch-train-1", "{}: unknown format", archive.name);
    let mut report = Report { name: archive.name.clone(), ..Report::default() };
    let cases = |part: &str| file[part]["cases"].as_array().into_iter().flatten().enumerate();
    for (k, case) in cases("clip") {
        let kind = format!("clip by {}", case["kind"].as_str().unwrap());
        report.guard(&format!("clip {k}"), &kind, |report| clipped(case, report));
    }
    for (k, case) in cases("optim") {
        let name = case["name"].as_str().unwrap();
        report.guard(&format!("optim {k}"), name, |_| descended(&file["optim"], case));
    }
    for (k, _) in cases("sched") {
        report.guard(&format!("sched {k}"), "schedules", |_| Skip::because("not built yet"));
    }
    for (k, _) in cases("init") {
        let elsewhere = "bounds only, judged by the crate's own tests";
        report.guard(&format!("init {k}"), "init", |_| Skip::because(elsewhere));
    }
    report
}
