//! A recurrent network of PyTorch with a linear readout, as far as gradients through time need it.
//!
//! ```text
//! hₜ = cell(xₜ, hₜ₋₁)      loss = Σₜ mse(hₜ Vᵀ + c, yₜ), the mean over rows and outputs
//! ```

use crate::{
    archive::{Archive, Tensor},
    torch::{self, AnyCell, Form, Names},
};
use ndarray::ArrayD;
use rand::SeedableRng;
use rnn::{
    Bound, Input, Linear, ParamStore,
    init::Zeros,
    weights::{Archive as Weights, LoadOptions, torch as layout},
};
use serde_json::Value;
use std::{collections::BTreeMap, ops::Range};
use tape::{Gradients, ParamId, Tape, Var};

pub(crate) type Arrays = BTreeMap<String, ArrayD<f64>>;

/// The parts of a network and the data of its case.
pub(crate) struct Network<'a> {
    archive: &'a Archive,
    pub(crate) key: &'a str,
    pub(crate) store: ParamStore<f64>,
    pub(crate) cell: AnyCell<f64>,
    readout: Linear,
    /// The initial state, part by part, with its names.
    pub(crate) start: Vec<(&'static str, ParamId)>,
    pub(crate) steps: usize,
    scale: f64,
}

impl<'a> Network<'a> {
    pub(crate) fn read(archive: &'a Archive, case: &'a Value) -> Result<Self, String> {
        let number = |name: &str| case[name].as_u64().unwrap() as usize;
        let (key, kind) = (case["key"].as_str().unwrap(), case["kind"].as_str().unwrap());
        let (inputs, hidden, outputs) = (number("I"), number("H"), number("O"));
        let form = Form { kind, inputs, hidden, projection: 0, bias: true };
        let mut store = ParamStore::new();
        let cell = AnyCell::new(form, &mut store, "cell");
        let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let readout = Linear::new(&mut store, "out", (hidden, outputs), &Zeros, rng).unwrap();

        let named = |prefix, names: &[&str]| torch::named(archive, key, prefix, names, |_, _, x| x);
        let weights = named("cell.", &["weight_ih", "weight_hh", "bias_ih", "bias_hh"]);
        torch::import(&cell, Names::Step, &mut store, &weights)?;
        let weights = named("out.", &["weight", "bias"]);
        layout::import_linear(&readout, &mut store, &weights, &LoadOptions::default())
            .map_err(|error| error.to_string())?;
        let parts = if kind == "lstm" { &["h0", "c0"][..] } else { &["h0"] };
        let start = parts
            .iter()
            .map(|&part| (part, store.add(part, archive.floats(key, part).clone()).unwrap()));
        let start = start.collect();
        let scale = 1.0 / (number("B") * outputs) as f64;
        Ok(Self { archive, key, cell, readout, start, steps: number("T"), scale, store })
    }

    pub(crate) fn floats(&self, path: &str) -> &'a ArrayD<f64> {
        self.archive.floats(self.key, path)
    }

    pub(crate) fn tensor(&self, path: &str) -> Option<&'a Tensor> {
        self.archive.get(self.key, path)
    }

    /// The inputs of some steps, `[n, B, X]`.
    pub(crate) fn inputs<'t>(
        &self,
        tape: &'t Tape<f64>,
        steps: Range<usize>,
    ) -> Input<'t, 'static, f64> {
        Input::Dense(tape.constant(self.floats("x")).slice(0, steps))
    }

    /// The losses of some steps with the outputs `[n, B, H]`, added up.
    pub(crate) fn loss<'t>(
        &self,
        p: Bound<'t, '_, f64>,
        outputs: Var<'t, f64>,
        steps: Range<usize>,
    ) -> Var<'t, f64> {
        let targets = p.tape().constant(self.floats("y")).slice(0, steps);
        (self.readout.forward(p, outputs) - targets).square().sum() * self.scale
    }

    /// The gradients under the names of the case.
    pub(crate) fn gradients(&self, swept: &Gradients<f64>) -> Arrays {
        let mut found = Arrays::new();
        let cell = torch::gradients(&self.cell, Names::Step, &self.store, swept);
        found.extend(cell.iter().map(|(name, array)| (format!("cell.{name}"), array.clone())));
        let gradient = |id| {
            let none = || self.store.get(id).mapv(|_| 0.0);
            swept.param(id).cloned().unwrap_or_else(none)
        };
        found.insert("out.weight".into(), gradient(self.readout.v).reversed_axes());
        found.extend(self.readout.c.map(|c| ("out.bias".into(), gradient(c))));
        found.extend(self.start.iter().map(|&(name, id)| (name.into(), gradient(id))));
        found
    }

    /// The weights that have one home only, under the names of the case.
    pub(crate) fn weights(&self) -> Arrays {
        let mut weights = Weights::new();
        layout::export_cell(&self.cell, &self.store, "cell.", &mut weights).unwrap();
        layout::export_linear(&self.readout, &self.store, "out.", &mut weights).unwrap();
        let alone = weights.iter().filter(|(name, _)| !name.starts_with("cell.bias"));
        alone.map(|(name, array)| (name.to_owned(), array.clone())).collect()
    }
}
