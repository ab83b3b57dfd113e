//! A node of ONNX: run on a tape, from attributes and inputs as they stand in a file.

use ndarray::{ArrayD, Axis, Slice};
use rnn::{
    Input, ParamStore, Sequence,
    layers::{Layer, Recurrent},
    weights::{
        Archive, LoadOptions,
        onnx::{self, Attributes, Cells, Direction, Op, Value},
    },
};
use std::collections::BTreeMap;
use tape::{Gradients, Real, Tape, Var};

/// Arrays by the names that ONNX has for inputs and outputs.
pub(crate) type Arrays<T> = BTreeMap<String, ArrayD<T>>;

/// The operator of that name.
pub(crate) fn op(name: &str) -> Op {
    match name {
        "RNN" => Op::Rnn,
        "GRU" => Op::Gru,
        "LSTM" => Op::Lstm,
        other => panic!("no operator {other:?}"),
    }
}

/// Runs the node. With weights for the outputs (`w_Y`, …) among the inputs, the gradients of all inputs are found as
/// well: those of `Σ w_Y ⊙ Y + …`, as `grad/…`.
pub(crate) fn run<T: Real>(
    op: Op,
    attributes: Vec<(&str, Value)>,
    inputs: &Arrays<T>,
    lengths: Option<&[usize]>,
) -> Result<Arrays<T>, String> {
    let node = Attributes::<T>::read(op, attributes).map_err(|e| e.to_string())?;
    let mut weights = Archive::new();
    for name in ["W", "R", "B", "P"] {
        if let Some(array) = inputs.get(name) {
            weights.insert(name, array.clone()).unwrap();
        }
    }
    let mut store = ParamStore::new();
    let cells = node.cells(&mut store, "node", &weights, &LoadOptions::default());
    let cells = cells.map_err(|e| e.to_string())?;
    let layers: Vec<Box<dyn Layer<T>>> = match &cells {
        Cells::Rnn(cells) => cells.iter().map(|c| Box::new(Recurrent(c.clone())) as _).collect(),
        Cells::Gru(cells) => cells.iter().map(|c| Box::new(Recurrent(c.clone())) as _).collect(),
        Cells::Lstm(cells) => cells.iter().map(|c| Box::new(Recurrent(c.clone())) as _).collect(),
    };

    let tape = Tape::new();
    let x = tape.leaf(&inputs["X"]);
    let xs = match node.batch_major {
        true => Sequence::batch_major(x),
        false => Sequence::time_major(Input::Dense(x)),
    };
    let xs = match lengths {
        Some(lengths) => xs.with_lengths(lengths).map_err(|e| e.to_string())?,
        None => xs,
    };
    let parts = if op == Op::Lstm { &["h", "c"][..] } else { &["h"] };
    let initial = |part: &&str| inputs.get(&format!("initial_{part}")).map(|s| tape.leaf(s));
    let initial: Vec<_> = parts.iter().map(initial).collect();
    let axis = if node.batch_major { 1 } else { 0 };
    let (mut outputs, mut states) = (Vec::new(), vec![Vec::new(); parts.len()]);
    for (d, layer) in layers.iter().enumerate() {
        let mut start = layer.zero_states(&tape, xs.batch());
        for (start, initial) in start.iter_mut().zip(&initial) {
            *start = initial.map_or(*start, |all| all.select(axis, d));
        }
        let backward = d == 1 || node.direction == Direction::Reverse;
        let xs = if backward { xs.clone().reversed() } else { xs.clone() };
        let run = layer.run(store.bind(&tape), &xs, &start);
        outputs.push(run.outputs);
        states.iter_mut().zip(run.states).for_each(|(all, state)| all.push(state));
    }

    let y = tape.stack(&outputs).transpose(0, 1); // [T, D, B, H]
    let mut results = vec![("Y".to_owned(), y)];
    let states = parts.iter().zip(&states);
    results.extend(states.map(|(part, all)| (format!("Y_{part}"), tape.stack(all))));
    let mut found: Arrays<T> =
        results.iter().map(|(name, var)| (name.clone(), laid_out(&node, *var))).collect();
    let terms = results.iter().filter_map(|(name, var)| {
        Some((*var * tape.constant(inputs.get(&format!("w_{name}"))?)).sum())
    });
    if let Some(loss) = terms.reduce(|a, b| a + b) {
        let swept = tape.backward(loss);
        found.insert("loss".into(), loss.value());
        found.insert("grad/X".into(), swept[x].clone());
        for (part, var) in parts.iter().zip(&initial) {
            found.extend(var.map(|var| (format!("grad/initial_{part}"), swept[var].clone())));
        }
        found.extend(gradients(&cells, &store, &swept));
    }
    Ok(found)
}

/// An output `[.., D, B, H]` as the node's layout has it: with the batch first, if it says so.
fn laid_out<T: Real>(node: &Attributes<T>, output: Var<'_, T>) -> ArrayD<T> {
    let output = output.value();
    match (node.batch_major, output.ndim()) {
        (false, _) => output,
        (true, 4) => output.permuted_axes(vec![2, 0, 1, 3]),
        (true, _) => output.permuted_axes(vec![1, 0, 2]),
    }
}

/// The gradients of `W`, `R`, `B`, `P`: as the weights are written, but that of our one bias stands for both of its two.
fn gradients<T: Real>(
    cells: &Cells<T>,
    store: &ParamStore<T>,
    swept: &Gradients<T>,
) -> Vec<(String, ArrayD<T>)> {
    let (mut as_weights, mut written) = (store.clone(), Archive::new());
    for id in store.ids() {
        as_weights.get_mut(id).assign(&swept[id]);
    }
    let node = onnx::export(cells, &as_weights, "", &mut written).unwrap();
    let blocks = match node.op {
        Op::Gru => 3,
        _ => 1,
    };
    let shared = if node.linear_before_reset { blocks - 1 } else { blocks };
    let both = |(name, array): (&str, &ArrayD<T>)| {
        let mut array = array.clone();
        if name == "B" {
            let half = array.shape()[1] / 2;
            let shared = half / blocks * shared;
            let input = array.slice_axis(Axis(1), Slice::from(..shared)).to_owned();
            array.slice_axis_mut(Axis(1), Slice::from(half..half + shared)).assign(&input);
        }
        (format!("grad/{name}"), array)
    };
    written.iter().map(both).collect()
}
