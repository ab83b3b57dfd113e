//! ONNX: the operators `RNN`, `GRU` and `LSTM`.
//!
//! ```text
//!   W [D, G·H, X]   R [D, G·H, H]   B [D, 2·G·H] = Wb | Rb   P [D, 3·H]          D directions
//!   LSTM: i o f c, P: i o f           GRU: z r h
//! ```
//!
//! A node is one layer, of one direction or both. [`Attributes`] reads what a node says, and [`Attributes::cells`] makes
//! the cells that do it, with their weights:
//!
//! ```
//! use rnn::{ParamStore, weights::{Archive, LoadOptions, onnx::{Attributes, Cells, Op, Value}}};
//! use ndarray::ArrayD;
//!
//! let node = Attributes::<f32>::read(Op::Lstm, [("hidden_size", Value::Int(3)), ("input_forget", Value::Int(1))])?;
//! let mut weights = Archive::new();
//! weights.insert("W", ArrayD::from_elem(vec![1, 12, 2], 0.1))?;
//! weights.insert("R", ArrayD::from_elem(vec![1, 12, 3], 0.1))?;
//!
//! let mut store = ParamStore::new();
//! let Cells::Lstm(cells) = node.cells(&mut store, "lstm", &weights, &LoadOptions::default())? else { unreachable!() };
//! assert!(cells[0].form().coupled && cells[0].b.is_none());
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! Where `input_forget` is 1, the blocks of the forget gate have no meaning: they are written as zeros and not read.

mod activations;
mod attributes;
mod cells;
mod words;

pub use attributes::{Attributes, Direction, Op};
pub use cells::Cells;
pub use words::Value;

use super::{
    Anatomy, Directions, Kind, LayoutError, Portable, audit, biases,
    exchange::{self, Arrays, Values},
    gates::{Gate, Order, back, block, columns, rows, there},
    refuse,
};
use crate::{
    ParamStore, Result,
    weights::{Archive, LoadOptions},
};
use ndarray::{ArrayD, Axis, concatenate};
use tape::Real;

const LAYOUT: &str = "ONNX";

/// i o f c, and z r h.
const ORDER: Order = Order { lstm: [0, 3, 1, 2], gru: [1, 0, 2] };

/// Adds `W`, `R`, and as the layer has them `B` and `P`, each after the prefix, and says what the node is.
///
/// # Errors
/// [`LayoutError`] for what such a node does not have, [`Error::NameTaken`](crate::Error::NameTaken).
pub fn export<T: Real>(
    layer: &(impl Portable<T> + ?Sized),
    store: &ParamStore<T>,
    prefix: &str,
    archive: &mut Archive<T>,
) -> Result<Attributes<T>> {
    let (layer, node) = check(layer, store)?;
    exchange::give(write(&layer, store), prefix, archive)?;
    Ok(node)
}

/// Writes the layer's parameters from a node's weights. The file must hold exactly those under the options' prefix.
///
/// # Errors
/// [`LayoutError`] as for [`export`], and those of
/// [`restore_params`](Archive::restore_params). The store is then as it was.
pub fn import<T: Real>(
    layer: &(impl Portable<T> + ?Sized),
    store: &mut ParamStore<T>,
    archive: &Archive<T>,
    options: &LoadOptions,
) -> Result<()> {
    let (layer, _) = check(layer, store)?;
    let found = exchange::receive(archive, options, &write(&layer, store))?;
    exchange::assign(store, read(&layer, &found));
    Ok(())
}

/// The one layer of the model and its node, or a refusal.
fn check<T: Real>(
    model: &(impl Portable<T> + ?Sized),
    store: &ParamStore<T>,
) -> Result<(Directions<T>, Attributes<T>), LayoutError> {
    let layers = model.layers();
    let [layer] = &layers[..] else {
        return Err(LayoutError::Layers {
            layout: LAYOUT,
            what: format!("the model has {} layers", layers.len()),
            rule: "a node is one",
            remedy: "export the layers one by one, each under a prefix of its own",
        });
    };
    let mut node = None::<Attributes<T>>;
    let form = |cell: &Anatomy<T>| {
        let shape = |id| store.get(id).shape().to_vec();
        (cell.kind, shape(cell.w), shape(cell.u), cell.b.is_some(), cell.peepholes.is_some())
    };
    for cell in layer.cells() {
        audit(LAYOUT, cell)?;
        if cell.projection.is_some() {
            let remedy = "export to PyTorch, which has `weight_hr`";
            return Err(refuse(LAYOUT, cell, "the projection", "its LSTM has none", remedy));
        }
        if form(cell) != form(&layer.forward) {
            return Err(LayoutError::Layers {
                layout: LAYOUT,
                what: "the two directions are of different forms".into(),
                rule: "those of a node are alike",
                remedy: "export them one by one, each under a prefix of its own",
            });
        }
        match (&mut node, Attributes::of(cell)) {
            (Some(node), _) => {
                node.direction = Direction::Bidirectional;
                node.activations.extend(&cell.activations);
            }
            (none, of) => *none = of,
        }
    }
    let mut node = node.ok_or_else(|| {
        refuse(
            LAYOUT,
            &layer.forward,
            "the equation",
            "it has RNN, GRU and LSTM",
            "take one of these",
        )
    })?;
    node.hidden_size = Some(hidden(&layer.forward, store));
    Ok((layer.clone(), node))
}

/// H: without a projection it is what is read back.
fn hidden<T: Real>(cell: &Anatomy<T>, store: &ParamStore<T>) -> usize {
    store.get(cell.u).shape()[0]
}

fn write<T: Real>(layer: &Directions<T>, store: &ParamStore<T>) -> Arrays<T> {
    let weights = |cell: &Anatomy<T>, id| columns(&ORDER.of(cell.kind), store.get(id));
    let both = |cell: &Anatomy<T>| {
        let [wb, rb] = biases::split(&ORDER.of(cell.kind), cell, store)?;
        Some(concatenate![Axis(0), wb, rb])
    };
    let mut arrays = Arrays::new();
    let mut add = |name: &str, part: &dyn Fn(&Anatomy<T>) -> Option<ArrayD<T>>| {
        let directions: Vec<_> = layer.cells().filter_map(part).collect();
        if !directions.is_empty() {
            arrays.insert(name.into(), one_below_the_other(&directions));
        }
    };
    add("W", &|cell| Some(weights(cell, cell.w)));
    add("R", &|cell| Some(weights(cell, cell.u)));
    add("B", &both);
    add("P", &|cell| Some(there(&peepholes(cell.kind), store.get(cell.peepholes?))));
    arrays
}

fn read<T: Real>(layer: &Directions<T>, found: &Arrays<T>) -> Values<T> {
    let mut values = Values::new();
    for (d, cell) in layer.cells().enumerate() {
        let order = ORDER.of(cell.kind);
        let part = |name: &str| found[name].index_axis(Axis(0), d).to_owned();
        values.push((cell.w, rows(&order, &part("W"))));
        values.push((cell.u, rows(&order, &part("R"))));
        if cell.b.is_some() {
            let both = part("B");
            let half = |k| both.slice_axis(Axis(0), block(&both, 2, k)).to_owned();
            values.extend(biases::sum(&order, cell, &half(0), &half(1)));
        }
        if let Some(id) = cell.peepholes {
            values.push((id, back(&peepholes(cell.kind), &part("P"))));
        }
    }
    values
}

/// i o f, of our i f o; where the gates are coupled, of i o.
fn peepholes(kind: Kind) -> [Gate; 3] {
    let ours = match kind {
        Kind::Lstm { coupled: true } => [Some(0), Some(1), None],
        _ => [Some(0), Some(2), Some(1)],
    };
    ours.map(|ours| Gate { ours, turned: false })
}

/// Arrays of one shape on a new first axis.
fn one_below_the_other<T: Real>(arrays: &[ArrayD<T>]) -> ArrayD<T> {
    let mut shape = vec![arrays.len()];
    shape.extend(arrays.first().into_iter().flat_map(ArrayD::shape));
    let mut all = ArrayD::from_elem(shape, T::ZERO);
    all.outer_iter_mut().zip(arrays).for_each(|(mut place, array)| place.assign(array));
    all
}
