//! `torch_*_dyn.json`: what becomes of gradients where a state is carried, cut, or begun again.
//!
//! | type | here |
//! |---|---|
//! | `tbptt` | the gradients of every window: `window`, all losses since the last sweep ([`Window`] `{k1, k2}`); `per_loss`, each going back `k2` (`{1, k2}`, added up); `last_loss`, the last of them only |
//! | `tbptt_train` | [`training`] |
//! | `row_detach`, `row_reset` | [`State::detach_rows`], [`State::reset_rows`] before the step |
//!
//! Gradients are compared within 10⁻¹¹ max(10⁻³, max |want|).

use crate::{
    archive::{Archive, Tensor},
    ops::compare,
    report::{Report, Skip},
    through_time::{Arrays, Network},
    torch::with_cell,
    training,
};
use rnn::{
    Cell, Readout, State,
    bptt::{Truncation, Window},
};
use serde_json::Value;
use tape::Tape;

const GRADIENT: (f64, f64) = (1e-11, 1e-3);

/// The gradients of all windows of a truncation, one after the other.
fn windows<C: Cell<f64>>(
    network: &Network<'_>,
    cell: &C,
    (k1, k2): (usize, usize),
    last_only: bool,
) -> Result<Vec<Arrays>, String> {
    let (tape, mut found) = (Tape::new(), Vec::new());
    let window = Window::new(k1, k2).map_err(|e| e.to_string())?;
    let ran = Truncation::Window(window).run(
        &tape,
        cell,
        &mut network.store.clone(),
        |p| {
            let mut parts = network.start.iter();
            State::build(&mut || p.var(parts.next().unwrap().1))
        },
        network.steps,
        Readout::After,
        |_, steps| network.inputs(&tape, steps),
        |p, block| {
            let (mut outputs, mut steps) = (block.outputs, block.steps);
            if last_only {
                let last = steps.len() - 1;
                (outputs, steps) = (outputs.slice(0, last..last + 1), steps.end - 1..steps.end);
            }
            network.loss(p, outputs, steps)
        },
        |_, swept| {
            found.push(network.gradients(swept));
            Ok(())
        },
    );
    ran.map(|_| found).map_err(|e| e.to_string())
}

/// The sums of `k1` windows each.
fn added_up(windows: Vec<Arrays>, k1: usize) -> Vec<Arrays> {
    let sum = |some: &[Arrays]| {
        let mut total = some[0].clone();
        for window in &some[1..] {
            total.iter_mut().for_each(|(name, array)| *array += &window[name]);
        }
        total
    };
    windows.chunks(k1).map(sum).collect()
}

fn truncated(archive: &Archive, case: &Value) -> Result<f64, String> {
    let network = Network::read(archive, case)?;
    let mut worst = 0.0f64;
    for config in case["configs"].as_array().unwrap() {
        let number = |name: &str| config[name].as_u64().unwrap() as usize;
        let (k1, k2, mode) = (number("k1"), number("k2"), config["mode"].as_str().unwrap());
        let found = with_cell!(&network.cell, cell => match mode {
            "per_loss" => added_up(windows(&network, cell, (1, k2), false)?, k1),
            "last_loss" => windows(&network, cell, (k1, k2), true)?,
            _ => windows(&network, cell, (k1, k2), false)?,
        });
        let count = config["windows"].as_array().unwrap().len();
        if found.len() != count {
            return Err(format!("{k1}, {k2}, {mode}: {} windows, not {count}", found.len()));
        }
        for (w, gradients) in found.iter().enumerate() {
            for (name, got) in gradients {
                let path = format!("k{k1}_{k2}/{mode}/{w}/{name}");
                worst = worst.max(compare(&path, got, network.floats(&path), GRADIENT)?);
            }
        }
    }
    Ok(worst)
}

/// Runs a network in which rows are cut or begun anew, and compares everything.
fn rows<C: Cell<f64>>(network: &Network<'_>, cell: &C, case: &Value) -> Result<f64, String> {
    let Some(Tensor::Int(mask)) = network.tensor("mask") else { panic!("a mask of integers") };
    let tape = Tape::new();
    let p = network.store.bind(&tape);
    let mut parts = network.start.iter();
    let mut state = C::State::build(&mut || p.var(parts.next().unwrap().1));
    let projected = cell.project(p, network.inputs(&tape, 0..network.steps));
    let mut outputs = Vec::new();
    for (t, mask) in mask.outer_iter().enumerate() {
        let mask: Vec<_> = mask.iter().map(|&flag| flag != 0).collect();
        let begun = match case["type"].as_str() {
            Some("row_reset") => state.reset_rows(&mask),
            _ => state.detach_rows(&mask),
        };
        state = cell.step(p, projected.select(0, t), begun);
        outputs.push(state.output());
    }
    let loss = network.loss(p, tape.stack(&outputs), 0..network.steps);
    let swept = tape.backward(loss);

    let mut worst = compare("loss", &loss.value(), network.floats("loss"), (1e-12, 1.0))?;
    for (part, var) in ["final_h", "final_c"].into_iter().zip(state.parts()) {
        worst = worst.max(compare(part, &var.value(), network.floats(part), (1e-12, 1.0))?);
    }
    for (name, got) in network.gradients(&swept) {
        let path = format!("grad/{name}");
        worst = worst.max(compare(&path, &got, network.floats(&path), GRADIENT)?);
    }
    Ok(worst)
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    assert_eq!(archive.manifest["format"], "torch-dyn-1", "{}: unknown format", archive.name);
    let mut report = Report { name: archive.name.clone(), ..Report::default() };
    for case in archive.manifest["cases"].as_array().unwrap() {
        let (key, kind) = (case["key"].as_str().unwrap(), case["type"].as_str().unwrap());
        report.guard(key, kind, |_| {
            Ok(match kind {
                "tbptt" => truncated(archive, case),
                "tbptt_train" => training::judge(archive, case),
                "row_detach" | "row_reset" => Network::read(archive, case).and_then(
                    |network| with_cell!(&network.cell, cell => rows(&network, cell, case)),
                ),
                _ => return Skip::because("not built yet"),
            })
        });
    }
    report
}
