//! `onnx_node_*.json`: the cases that come with ONNX itself for `RNN`, `GRU` and `LSTM`. In f32, forward, within the case's
//! own `atol + rtol |want|`.

use crate::{
    archive::Archive,
    onnx::{self, Arrays},
    ort::close,
    report::Report,
};
use ndarray::ArrayD;
use rnn::weights::onnx::Value as Said;
use serde_json::Value;

fn array(json: &Value) -> ArrayD<f64> {
    let shape: Vec<_> = numbers(&json["shape"]).iter().map(|&n| n as usize).collect();
    ArrayD::from_shape_vec(shape, numbers(&json["data"])).unwrap()
}

fn numbers(json: &Value) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn said(json: &Value) -> Said {
    match json {
        Value::String(text) => Said::Text(text.clone()),
        Value::Number(n) if n.is_i64() => Said::Int(n.as_i64().unwrap()),
        other => panic!("an attribute of value {other}"),
    }
}

fn judge(case: &Value) -> Result<f64, String> {
    let attributes = case["attributes"].as_object().unwrap();
    let attributes = attributes.iter().map(|(name, value)| (name.as_str(), said(value))).collect();
    let given = case["inputs"].as_object().unwrap();
    let inputs: Arrays<f32> =
        given.iter().map(|(name, x)| (name.clone(), array(x).mapv(|x| x as f32))).collect();
    let lengths = given.get("sequence_lens");
    let lengths: Option<Vec<_>> =
        lengths.map(|lengths| array(lengths).iter().map(|&n| n as usize).collect());
    let op = onnx::op(case["op"].as_str().unwrap());
    let found = onnx::run(op, attributes, &inputs, lengths.as_deref())?;
    let number = |name: &str| case[name].as_f64().unwrap();
    let mut worst = 0.0f64;
    for (name, want) in case["outputs"].as_object().unwrap() {
        let (got, want) = (&found[name], array(want));
        close(name, got, &want, (number("rtol"), number("atol")))?;
        let off = got.iter().zip(&want).map(|(&g, w)| (f64::from(g) - w).abs() / w.abs().max(1.0));
        worst = off.fold(worst, f64::max);
    }
    Ok(worst)
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    assert_eq!(archive.manifest["format"], "onnx-node-rnn-1", "{}: unknown format", archive.name);
    Report::of(archive, |case, _| judge(case))
}
