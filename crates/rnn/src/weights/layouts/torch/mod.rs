//! PyTorch: `torch.nn.RNN`, `LSTM`, `GRU` and their cells.
//!
//! ```text
//!   weight_ih_l{k}[_reverse] [G·H, X]   bias_ih_l{k}[_reverse] [G·H]
//!   weight_hh_l{k}[_reverse] [G·H, R]   bias_hh_l{k}[_reverse] [G·H]     weight_hr_l{k}[_reverse] [R, H]
//! ```
//!
//! Gates stand in the order of ours. Layers of one module are of one kind, and each reads what the one below gives. A
//! GRU resets after the product.
//!
//! ```
//! use rnn::{Elman, ParamStore, init::Uniform, weights::{Archive, LoadOptions, torch}};
//! # use rand::SeedableRng;
//! # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//!
//! let mut store = ParamStore::<f32>::new();
//! let cell = Elman::new(&mut store, "rnn", (2, 3), &Uniform::recurrent(3), &mut rng)?;
//! let mut archive = Archive::new();
//! torch::export(&cell, &store, "encoder.", &mut archive)?; // then archive.write(path)?
//! assert_eq!(archive.get("encoder.weight_ih_l0").map(|w| w.shape()), Some(&[3, 2][..]));
//!
//! torch::import(&cell, &mut store, &archive, &LoadOptions::prefix("encoder."))?;
//! # Ok::<(), rnn::Error>(())
//! ```

mod linear;

pub use linear::{export_linear, import_linear};

use super::{
    Anatomy, Kind, LayoutError, Portable, audit, biases,
    exchange::{self, Arrays, Values},
    gates::{OURS, columns, rows},
    only_cell, refuse,
};
use crate::{
    Activation, ParamStore, Result,
    weights::{Archive, LoadOptions},
};
use tape::Real;

const LAYOUT: &str = "PyTorch";

/// Adds the weights under the names of `torch.nn.RNN`, `LSTM` or `GRU`, each after the prefix.
///
/// # Errors
/// [`LayoutError`] for what such a module does not have, [`Error::NameTaken`](crate::Error::NameTaken).
pub fn export<T: Real>(
    model: &(impl Portable<T> + ?Sized),
    store: &ParamStore<T>,
    prefix: &str,
    archive: &mut Archive<T>,
) -> Result<()> {
    exchange::give(write(&module(model, store)?, store), prefix, archive)
}

/// Writes the model's parameters from the weights of such a module. The file must hold exactly those under the
/// options' prefix.
///
/// # Errors
/// [`LayoutError`] as for [`export`], and those of
/// [`restore_params`](Archive::restore_params). The store is then as it was.
pub fn import<T: Real>(
    model: &(impl Portable<T> + ?Sized),
    store: &mut ParamStore<T>,
    archive: &Archive<T>,
    options: &LoadOptions,
) -> Result<()> {
    let cells = module(model, store)?;
    let found = exchange::receive(archive, options, &write(&cells, store))?;
    exchange::assign(store, read(&cells, &found));
    Ok(())
}

/// [`export`], under the names of `torch.nn.RNNCell`, `LSTMCell` or `GRUCell`: those without `_l0`.
///
/// # Errors
/// Those of [`export`].
pub fn export_cell<T: Real>(
    cell: &(impl Portable<T> + ?Sized),
    store: &ParamStore<T>,
    prefix: &str,
    archive: &mut Archive<T>,
) -> Result<()> {
    exchange::give(write(&single(cell)?, store), prefix, archive)
}

/// [`import`], under the names that [`export_cell`] writes.
///
/// # Errors
/// Those of [`import`].
pub fn import_cell<T: Real>(
    cell: &(impl Portable<T> + ?Sized),
    store: &mut ParamStore<T>,
    archive: &Archive<T>,
    options: &LoadOptions,
) -> Result<()> {
    let cells = single(cell)?;
    let found = exchange::receive(archive, options, &write(&cells, store))?;
    exchange::assign(store, read(&cells, &found));
    Ok(())
}

/// The cells with the ends of their names: those of one module, or a refusal.
fn module<T: Real>(
    model: &(impl Portable<T> + ?Sized),
    store: &ParamStore<T>,
) -> Result<Vec<(String, Anatomy<T>)>, LayoutError> {
    let layers = model.layers();
    let refuse = |what: String, rule| LayoutError::Layers {
        layout: LAYOUT,
        what,
        rule,
        remedy: "export the layers one by one, each under a prefix of its own",
    };
    let Some(first) = layers.first() else {
        return Err(refuse("the model has no layers".into(), "a module has one at least"));
    };
    let directions = first.cells().count();
    let form = |cell: &Anatomy<T>| {
        let shape = |id| store.get(id).shape().to_vec();
        let projection = cell.projection.map(shape);
        (cell.kind, shape(cell.u), cell.b.is_some(), projection, format!("{:?}", cell.activations))
    };
    let (mut cells, mut below) = (Vec::new(), None);
    for (k, layer) in layers.iter().enumerate() {
        if layer.cells().count() != directions {
            let what = format!("layer {k} reads in other directions than layer 0");
            return Err(refuse(what, "a module is bidirectional in all layers or in none"));
        }
        for (cell, end) in layer.cells().zip(["", "_reverse"]) {
            check(cell)?;
            if form(cell) != form(&first.forward) {
                let what = format!("layer {k} is {} of another form than layer 0", cell.kind);
                return Err(refuse(what, "all layers of a module are of one kind and width"));
            }
            let reads = store.get(cell.w).shape()[0];
            if below.is_some_and(|gives| gives != reads) {
                let what =
                    format!("layer {k} reads {reads} inputs, not what layer {} gives", k - 1);
                return Err(refuse(
                    what,
                    "a layer reads both directions of the one below, side by side",
                ));
            }
            cells.push((format!("_l{k}{end}"), cell.clone()));
        }
        below = Some(directions * store.get(layer.forward.u).shape()[0]);
    }
    Ok(cells)
}

/// The cell of a module that is but a step.
fn single<T: Real>(
    cell: &(impl Portable<T> + ?Sized),
) -> Result<Vec<(String, Anatomy<T>)>, LayoutError> {
    let cell = only_cell(cell)?;
    check(&cell)?;
    if cell.projection.is_some() {
        let rule = "an LSTMCell gives its whole state";
        return Err(refuse(
            LAYOUT,
            &cell,
            "the projection",
            rule,
            "export it as an LSTM of one layer",
        ));
    }
    Ok(vec![(String::new(), cell)])
}

/// Refuses what PyTorch's cells do not compute.
fn check<T: Real>(cell: &Anatomy<T>) -> Result<(), LayoutError> {
    use Activation::{Relu, Sigmoid, Tanh};
    let refuse = |part, rule, remedy| Err(refuse(LAYOUT, cell, part, rule, remedy));
    match (cell.kind, &cell.activations[..]) {
        (Kind::Elman, [Tanh | Relu])
        | (Kind::Lstm { coupled: false }, [Sigmoid, Tanh, Tanh])
        | (Kind::Gru { reset_after: true, .. }, [Sigmoid, Tanh])
        | (Kind::Other(_), _) => {}
        (Kind::Elman, _) => {
            let rule = "torch.nn.RNN knows tanh and relu";
            return refuse("the activation", rule, "choose one of these, or export to ONNX");
        }
        (Kind::Lstm { coupled: true }, _) => {
            let rule = "torch.nn.LSTM has a forget gate of its own";
            return refuse("the coupled gate", rule, "export to ONNX, which has `input_forget`");
        }
        (Kind::Gru { reset_after: false, .. }, _) => {
            let rule = "torch.nn.GRU multiplies by the reset gate after the product, which for the same weights is \
                        another function";
            let remedy = "export to Keras or ONNX, or train a GRU that resets after";
            return refuse("the reset gate", rule, remedy);
        }
        (Kind::Lstm { .. } | Kind::Gru { .. }, _) => {
            let rule = "gates are σ there, all else tanh";
            return refuse(
                "the choice of activations",
                rule,
                "export to ONNX, which has `activations`",
            );
        }
    }
    if cell.peepholes.is_some() {
        return refuse("the peepholes", "torch.nn.LSTM has none", "export to ONNX, which has `P`");
    }
    audit(LAYOUT, cell)
}

fn write<T: Real>(cells: &[(String, Anatomy<T>)], store: &ParamStore<T>) -> Arrays<T> {
    let mut arrays = Arrays::new();
    for (end, cell) in cells {
        let order = OURS.of(cell.kind);
        let mut add = |name: &str, array| arrays.insert(format!("{name}{end}"), array);
        add("weight_ih", columns(&order, store.get(cell.w)));
        add("weight_hh", columns(&order, store.get(cell.u)));
        if let Some(projection) = cell.projection {
            add("weight_hr", store.get(projection).clone().reversed_axes());
        }
        if let Some([input, recurrent]) = biases::split(&order, cell, store) {
            add("bias_ih", input);
            add("bias_hh", recurrent);
        }
    }
    arrays
}

fn read<T: Real>(cells: &[(String, Anatomy<T>)], found: &Arrays<T>) -> Values<T> {
    let mut values = Values::new();
    for (end, cell) in cells {
        let order = OURS.of(cell.kind);
        let get = |name: &str| &found[&format!("{name}{end}")];
        values.push((cell.w, rows(&order, get("weight_ih"))));
        values.push((cell.u, rows(&order, get("weight_hh"))));
        if let Some(projection) = cell.projection {
            values.push((projection, get("weight_hr").clone().reversed_axes()));
        }
        if cell.b.is_some() {
            values.extend(biases::sum(&order, cell, get("bias_ih"), get("bias_hh")));
        }
    }
    values
}
