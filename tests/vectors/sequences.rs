//! `torch_*_rnn.json`: whole sequences through `nn.RNN`, `LSTM` and `GRU`.
//!
//! ```text
//! output, hn, cn = model(input, h0, c0)
//! loss = Σ w_output ⊙ output + Σ w_hn ⊙ hn + Σ w_cn ⊙ cn
//! ```
//!
//! | compared | within |
//! |---|---|
//! | `output`, `hn`, `cn`, `loss` | 10⁻¹² max(1, max \|want\|) |
//! | `grad/…` of the parameters, the input and the initial states | 10⁻¹⁰ max(10⁻³, max \|want\|) |
//! | `hvp/…`, their change along `hvp_v/…` | 10⁻⁸ max(10⁻³, max \|want\|) |

use crate::{
    archive::Archive,
    ops::compare,
    report::Report,
    torch::{self, AnyCell, Form, Names},
};
use ndarray::ArrayD;
use rnn::{
    Input, ParamStore, Sequence,
    layers::{Bidirectional, Layer, Merge, Stack},
    weights::{Directions, Portable},
};
use serde_json::Value;
use std::collections::BTreeMap;
use tape::{Dual, Real, Tape};

/// A case of a collection.
struct Case<'a> {
    archive: &'a Archive,
    key: &'a str,
    form: Form<'a>,
    layers: usize,
    bidirectional: bool,
    lengths: Option<Vec<usize>>,
    names: Vec<&'a str>,
}

/// The model of a case: as a layer that runs, and as the cells it is made of.
struct Model<T: Real> {
    stack: Stack<T>,
    layers: Vec<Directions<T>>,
}

impl<T: Real> Portable<T> for Model<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        self.layers.clone()
    }
}

impl<'a> Case<'a> {
    fn read(archive: &'a Archive, case: &'a Value) -> Self {
        let number = |name: &str| case[name].as_u64().unwrap() as usize;
        let numbers =
            |list: &Vec<Value>| list.iter().map(|n| n.as_u64().unwrap() as usize).collect();
        let form = Form {
            kind: case["kind"].as_str().unwrap(),
            inputs: number("I"),
            hidden: number("H"),
            projection: number("proj_size"),
            bias: case["bias"].as_bool().unwrap(),
        };
        Self {
            archive,
            key: case["key"].as_str().unwrap(),
            form,
            layers: number("layers"),
            bidirectional: case["bidirectional"].as_bool().unwrap(),
            lengths: case["lengths"].as_array().map(numbers),
            names: case["params"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect(),
        }
    }

    fn floats(&self, path: &str) -> &'a ArrayD<f64> {
        self.archive.floats(self.key, path)
    }

    fn has(&self, path: &str) -> bool {
        self.archive.get(self.key, path).is_some()
    }

    /// The model with all weights zero.
    fn model<T: Real>(&self, store: &mut ParamStore<T>) -> Model<T> {
        let (mut stack, mut layers, mut form) = (Stack::new(), Vec::new(), self.form);
        for k in 0..self.layers {
            let cell = AnyCell::new(form, store, &format!("l{k}"));
            let width = if form.projection > 0 { form.projection } else { form.hidden };
            if self.bidirectional {
                let back = AnyCell::new(form, store, &format!("l{k}_reverse"));
                let both = Bidirectional::new(cell, back, Merge::Concat);
                layers.extend(both.layers());
                stack = stack.then(both);
                form.inputs = 2 * width;
            } else {
                layers.extend(cell.layers());
                stack = stack.then(cell);
                form.inputs = width;
            }
        }
        Model { stack, layers }
    }

    /// Everything that is compared, under its path; parameters and other leaves are made by `number` of their path
    /// and values.
    fn run<T: Real>(
        &self,
        number: impl Fn(&str, usize, f64) -> T,
    ) -> Result<BTreeMap<String, ArrayD<T>>, String> {
        let mut store = ParamStore::new();
        let model = self.model(&mut store);
        let weights = torch::named(self.archive, self.key, "param/", &self.names, &number);
        torch::import(&model, Names::Module, &mut store, &weights)?;

        let tape = Tape::new();
        let lift = |path: &str| {
            let array = self.floats(path);
            let numbers = array.iter().enumerate().map(|(i, &x)| number(path, i, x)).collect();
            ArrayD::from_shape_vec(array.raw_dim(), numbers).unwrap()
        };
        let constant = |path: &str| tape.constant(self.floats(path).mapv(T::of));
        let parts: &[&str] = if self.form.kind.starts_with("lstm") { &["h", "c"] } else { &["h"] };
        let x = tape.leaf(lift("input"));
        let given = parts.iter().filter(|part| self.has(&format!("{part}0")));
        let given: Vec<_> =
            given.map(|part| (part, tape.leaf(lift(&format!("{part}0"))))).collect();
        let mut start = model.stack.zero_states(&tape, x.shape()[1]);
        for (k, (_, all)) in given.iter().enumerate() {
            let own = start.iter_mut().skip(k).step_by(parts.len());
            own.enumerate().for_each(|(layer, own)| *own = all.select(0, layer));
        }

        let xs = Sequence::time_major(Input::Dense(x));
        let xs = match &self.lengths {
            Some(lengths) => xs.with_lengths(lengths).map_err(|e| e.to_string())?,
            None => xs,
        };
        let run = model.stack.run(store.bind(&tape), &xs, &start);
        let mut loss = (run.outputs * constant("w_output")).sum();
        let mut found = BTreeMap::from([("output".to_owned(), run.outputs.value())]);
        for (k, part) in parts.iter().enumerate() {
            let own: Vec<_> = run.states.iter().skip(k).step_by(parts.len()).copied().collect();
            let all = tape.stack(&own);
            loss = loss + (all * constant(&format!("w_{part}n"))).sum();
            found.insert(format!("{part}n"), all.value());
        }
        found.insert("loss".into(), loss.value());

        let swept = tape.backward(loss);
        found.insert("grad/input".into(), swept[x].clone());
        for (part, var) in given {
            found.insert(format!("grad/{part}0"), swept[var].clone());
        }
        for (name, gradient) in torch::gradients(&model, Names::Module, &store, &swept).iter() {
            found.insert(format!("grad/{name}"), gradient.clone());
        }
        Ok(found)
    }
}

fn judge(case: &Case<'_>, hvp: bool, report: &mut Report) -> Result<f64, String> {
    let mut worst = 0.0f64;
    for (path, got) in case.run(|_, _, x| x)? {
        let tolerance = if path.starts_with("grad/") { (1e-10, 1e-3) } else { (1e-12, 1.0) };
        worst = worst.max(compare(&path, &got, case.floats(&path), tolerance)?);
    }
    if hvp {
        let mut off = 0.0f64;
        let direction =
            |path: &str, i: usize| case.floats(&format!("hvp_v/{path}")).as_slice().unwrap()[i];
        for (path, got) in case.run(|path, i, x| Dual::new(x, direction(path, i)))? {
            if let Some(leaf) = path.strip_prefix("grad/") {
                let (path, got) = (format!("hvp/{leaf}"), got.mapv(|g| g.tangent));
                off = off.max(compare(&path, &got, case.floats(&path), (1e-8, 1e-3))?);
            }
        }
        report.enter_hessian(off);
    }
    Ok(worst)
}

/// Replays a collection.
pub(crate) fn replay(archive: &Archive) -> Report {
    assert_eq!(archive.manifest["format"], "torch-vectors-1", "{}: unknown format", archive.name);
    Report::of(archive, |json, report| {
        judge(&Case::read(archive, json), json["hvp"].as_bool().unwrap_or(false), report)
    })
}
