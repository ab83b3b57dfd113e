//! `torch_*_cells.json`: one step of `RNNCell`, `LSTMCell`, `GRUCell`.
//!
//! ```text
//! (h1, c1) = cell(input, h, c)        loss = Σ w_h1 ⊙ h1 + Σ w_c1 ⊙ c1
//! ```

use crate::{
    archive::Archive,
    ops::compare,
    report::Report,
    torch::{self, AnyCell, Form, Names, with_cell},
};
use rnn::ParamStore;
use serde_json::Value;
use tape::Tape;

fn judge(archive: &Archive, case: &Value) -> Result<f64, String> {
    let key = case["key"].as_str().unwrap();
    let number = |name: &str| case[name].as_u64().unwrap() as usize;
    let bias = case["bias"].as_bool().unwrap();
    let kind = case["kind"].as_str().unwrap();
    let form = Form { kind, inputs: number("I"), hidden: number("H"), projection: 0, bias };
    let weights = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
    let weights = &weights[..if bias { 4 } else { 2 }];
    let floats = |path: &str| archive.floats(key, path);

    let mut store = ParamStore::<f64>::new();
    let cell = AnyCell::new(form, &mut store, "cell");
    let found = torch::named(archive, key, "param/", weights, |_, _, x| x);
    torch::import(&cell, Names::Step, &mut store, &found)?;

    let tape = Tape::new();
    let parts = if kind == "lstm" { &["h", "c"][..] } else { &["h"] };
    let x = tape.leaf(floats("input"));
    let start: Vec<_> = parts.iter().map(|part| tape.leaf(floats(part))).collect();
    let end = with_cell!(&cell, cell => torch::step(cell, &store, x, &start));
    let terms = parts.iter().zip(&end).map(|(part, &var)| {
        let weight = tape.constant(floats(&format!("w_{part}1")));
        (var * weight).sum()
    });
    let loss = terms.reduce(|a, b| a + b).unwrap();
    let swept = tape.backward(loss);

    let mut worst = compare("loss", &loss.value(), floats("loss"), (1e-12, 1.0))?;
    let mut check = |path: &str, got: &_, tolerance| {
        compare(path, got, floats(path), tolerance).map(|error| worst = worst.max(error))
    };
    check("grad/input", &swept[x], (1e-10, 1e-3))?;
    for ((part, &start), end) in parts.iter().zip(&start).zip(&end) {
        check(&format!("{part}1"), &end.value(), (1e-12, 1.0))?;
        check(&format!("grad/{part}"), &swept[start], (1e-10, 1e-3))?;
    }
    for (name, gradient) in torch::gradients(&cell, Names::Step, &store, &swept).iter() {
        check(&format!("grad/{name}"), gradient, (1e-10, 1e-3))?;
    }
    Ok(worst)
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    assert_eq!(archive.manifest["format"], "torch-vectors-1", "{}: unknown format", archive.name);
    Report::of(archive, |case, _| judge(archive, case))
}
