//! Training in chunks with a carried state: `tbptt_train` of `torch_*_dyn.json`.
//!
//! ```text
//! for each chunk:  loss = the mean of the chunk's losses, gradient, clipping, update; the state goes on as a constant
//! ```
//!
//! PyTorch trains two biases where we have one, which then moves twice as far. So here, too, two are trained, and the cell
//! gets their sum instead of its own.

use crate::{
    archive::Archive,
    ops::compare,
    through_time::Network,
    torch::{AnyCell, with_cell},
};
use rnn::{
    Bound, Cell, State,
    bptt::{Truncation, Unrolling, Window},
    clip,
    optim::{Adam, Optimizer, Sgd},
};
use serde_json::Value;
use tape::{ParamId, Tape, Var};

/// The two biases, and what the cell gets of them.
struct Biases {
    input: ParamId,
    recurrent: ParamId,
}

impl Biases {
    fn instead<'t>(
        &self,
        cell: &AnyCell<f64>,
        p: Bound<'t, '_, f64>,
    ) -> Vec<(ParamId, Var<'t, f64>)> {
        let (input, recurrent) = (p.var(self.input), p.var(self.recurrent));
        match cell {
            AnyCell::Elman(cell) => vec![(cell.b.unwrap(), input + recurrent)],
            AnyCell::Lstm(cell) => vec![(cell.b.unwrap(), input + recurrent)],
            AnyCell::Gru(cell) => {
                let gates = recurrent.slice(0, 0..2 * cell.hidden);
                let none = p.tape().zeros(&[cell.hidden]);
                let b_n = recurrent.slice(0, 2 * cell.hidden..3 * cell.hidden);
                let b = input + p.tape().concat(0, &[gates, none]);
                vec![(cell.b.unwrap(), b), (cell.b_n.unwrap(), b_n)]
            }
        }
    }
}

fn train<C: Cell<f64>>(network: &mut Network<'_>, cell: &C, case: &Value) -> Result<f64, String> {
    let chunk = case["chunk"].as_u64().unwrap() as usize;
    let mut optimizer: Box<dyn Optimizer<f64>> = match case["optimizer"].as_str() {
        Some("SGD lr 0.3") => Box::new(Sgd::new(0.3)),
        Some("Adam lr 0.05 betas .9 .999 eps 1e-8") => Box::new(Adam::new(0.05)),
        other => panic!("no optimizer {other:?}"),
    };
    let mut bias = |name: &str| {
        let value = network.floats(&format!("cell.{name}")).clone();
        network.store.add(name, value).unwrap()
    };
    let biases = Biases { input: bias("bias_ih"), recurrent: bias("bias_hh") };

    let tape = Tape::new();
    let mut start = network.start.iter().map(|&(_, id)| tape.constant(network.store.get(id)));
    let start = C::State::build(&mut || start.next().unwrap());
    let window = Truncation::Window(Window::new(chunk, chunk).unwrap());
    let mut run = Unrolling::new(&tape, cell, window, start);
    let mut worst = 0.0f64;
    let mut check = |path: &str, got: &_, want: &_| {
        compare(path, got, want, (1e-11, 1.0)).map(|error| worst = worst.max(error))
    };
    let number = |x: f64| ndarray::arr0(x).into_dyn();
    for k in 0..network.steps / chunk {
        let p = network.store.bind(&tape);
        let instead = biases.instead(&network.cell, p);
        let p = p.instead(&instead);
        let block = run.advance(p, network.inputs(&tape, k * chunk..(k + 1) * chunk));
        let loss = network.loss(p, block.outputs, block.steps) * (1.0 / chunk as f64);
        check("loss", &loss.value(), &number(case["losses"][k].as_f64().unwrap()))?;

        let mut gradients = run.backward(loss).map_err(|e| e.to_string())?;
        let mut clip = |to| clip::global_norm(&mut gradients, to).map_err(|e| e.to_string());
        let norm = clip(f64::INFINITY)?.norm;
        let recorded = case["grad_norms_before_clip"][k].as_f64().unwrap();
        check("norm", &number(norm), &number(recorded))?;
        if let Some(threshold) = case["clip_norm"].as_f64().filter(|&threshold| norm > threshold) {
            // PyTorch divides by the norm and a millionth.
            let _ = clip(threshold * norm / (norm + 1e-6))?;
        }
        optimizer.step(&mut network.store, &gradients).map_err(|e| e.to_string())?;

        let mut after = network.weights();
        after.insert("cell.bias_ih".into(), network.store.get(biases.input).clone());
        after.insert("cell.bias_hh".into(), network.store.get(biases.recurrent).clone());
        after.extend(["h", "c"].map(String::from).into_iter().zip(run.state_values()));
        for (name, got) in after {
            let path = format!("after{k}/{name}");
            check(&path, &got, network.floats(&path))?;
        }
    }
    Ok(worst)
}

pub(crate) fn judge(archive: &Archive, case: &Value) -> Result<f64, String> {
    let mut network = Network::read(archive, case)?;
    with_cell!(network.cell.clone(), cell => train(&mut network, &cell, case))
}
