//! `ort_*_rnn.json`: `RNN`, `GRU` and `LSTM` of ONNX, in every direction, with lengths, peepholes, coupled gates, and both
//! places of the reset gate.
//!
//! | compared | within |
//! |---|---|
//! | `Y`, `Y_h`, `Y_c` in f32, with what onnxruntime computed | 10⁻⁵ + 10⁻⁴ \|want\| |
//! | the same and the loss in f64 | 10⁻¹² max(1, max \|want\|) |
//! | `grad/…` of all inputs | 10⁻¹⁰ max(10⁻³, max \|want\|) |

use crate::{
    archive::Archive,
    onnx::{self, Arrays},
    ops::compare,
    report::Report,
};
use ndarray::{ArrayD, Zip};
use rnn::weights::onnx::Value as Said;
use serde_json::Value;
use tape::Real;

/// Is every entry within `absolute + relative |want|`?
pub(crate) fn close(
    what: &str,
    got: &ArrayD<f32>,
    want: &ArrayD<f64>,
    (relative, absolute): (f64, f64),
) -> Result<(), String> {
    if got.shape() != want.shape() {
        return Err(format!("{what} has shape {:?}, not {:?}", got.shape(), want.shape()));
    }
    let near = |ok, &got: &f32, &want: &f64| {
        ok && (f64::from(got) - want).abs() <= absolute + relative * want.abs()
    };
    match Zip::from(got).and(want).fold(true, near) {
        true => Ok(()),
        false => Err(format!("{what} is {got}, not {want}")),
    }
}

fn judge(archive: &Archive, case: &Value) -> Result<f64, String> {
    let key = case["key"].as_str().unwrap();
    let op = onnx::op(case["op"].as_str().unwrap());
    let lengths = case["lens"].as_array();
    let lengths = lengths.map(|all| all.iter().map(|n| n.as_u64().unwrap() as usize).collect());
    let lengths: Option<Vec<_>> = lengths;
    let flag = |name: &str| Said::Int(case[name].as_i64().unwrap());
    let mut said = vec![
        ("direction", Said::Text(case["direction"].as_str().unwrap().into())),
        ("hidden_size", flag("H")),
    ];
    match case["op"].as_str() {
        Some("GRU") => said.push(("linear_before_reset", flag("lbr"))),
        Some("LSTM") => said.push(("input_forget", flag("input_forget"))),
        _ => {}
    }
    if let Some(names) = case["acts"].as_array() {
        let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
        said.push(("activations", Said::Texts(names.collect())));
    }

    let names = ["X", "W", "R", "B", "P", "initial_h", "initial_c", "w_Y", "w_Y_h", "w_Y_c"];
    fn inputs<T: Real>(archive: &Archive, key: &str, names: &[&str]) -> Arrays<T> {
        let there = names.iter().filter(|name| archive.get(key, name).is_some());
        there.map(|name| (name.to_string(), archive.floats(key, name).mapv(T::of))).collect()
    }
    let mut worst = 0.0f64;
    let double = inputs::<f64>(archive, key, &names);
    for (path, got) in onnx::run(op, said.clone(), &double, lengths.as_deref())? {
        let tolerance = if path.starts_with("grad/") { (1e-10, 1e-3) } else { (1e-12, 1.0) };
        let want = match path.as_str() {
            "loss" => ndarray::arr0(case["loss"].as_f64().unwrap()).into_dyn(),
            path => archive.floats(key, path).clone(),
        };
        worst = worst.max(compare(&path, &got, &want, tolerance)?);
    }
    let single = inputs::<f32>(archive, key, &names[..7]);
    for (path, got) in onnx::run(op, said, &single, lengths.as_deref())? {
        let want = archive.floats(key, &format!("ort_{path}"));
        close(&format!("{path} in f32"), &got, want, (1e-4, 1e-5))?;
    }
    Ok(worst)
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    assert_eq!(archive.manifest["format"], "ort-rnn-1", "{}: unknown format", archive.name);
    Report::of(archive, |case, _| judge(archive, case))
}
