//! Keras: `SimpleRNN`, `LSTM`, `GRU`.
//!
//! ```text
//!   kernel [X, G·H]   recurrent_kernel [H, G·H]   bias [G·H]; of a GRU with reset_after [2, G·H]
//! ```
//!
//! The arrays are those of a layer's `get_weights()`, in that order. Weights multiply from the right as ours do; an LSTM's gates
//! stand in our order (i f c o), a GRU's as z r h. A layer is an object of its own, and a bidirectional one is two:
//! each cell is written under its own prefix.
//!
//! ```
//! use rnn::{Elman, ParamStore, init::Uniform, weights::{Archive, keras}};
//! # use rand::SeedableRng;
//! # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//!
//! let mut store = ParamStore::<f32>::new();
//! let cell = Elman::new(&mut store, "rnn", (2, 3), &Uniform::recurrent(3), &mut rng)?;
//! let mut archive = Archive::new();
//! keras::export(&cell, &store, "simple_rnn/", &mut archive)?;
//! assert_eq!(archive.get("simple_rnn/kernel"), Some(store.get(cell.w)));
//! # Ok::<(), rnn::Error>(())
//! ```

use super::{
    Anatomy, Kind, LayoutError, Portable, audit, biases,
    exchange::{self, Arrays, Values},
    gates::{OURS, Order, back, there},
    only_cell, refuse,
};
use crate::{
    ParamStore, Result,
    weights::{Archive, LoadOptions},
};
use ndarray::{Axis, stack};
use tape::Real;

const LAYOUT: &str = "Keras";

/// i f c o, and z r h.
const ORDER: Order = Order { gru: [1, 0, 2], ..OURS };

/// Adds `kernel`, `recurrent_kernel` and `bias`, each after the prefix.
///
/// The layer to load them into is made with the activation of the cell, and a GRU with its `reset_after`.
///
/// # Errors
/// [`LayoutError`] for what such a layer does not have, [`Error::NameTaken`](crate::Error::NameTaken).
pub fn export<T: Real>(
    cell: &(impl Portable<T> + ?Sized),
    store: &ParamStore<T>,
    prefix: &str,
    archive: &mut Archive<T>,
) -> Result<()> {
    exchange::give(write(&check(cell)?, store), prefix, archive)
}

/// Writes the cell's parameters from a layer's weights. The file must hold exactly those under the options' prefix.
///
/// # Errors
/// [`LayoutError`] as for [`export`], and those of
/// [`restore_params`](Archive::restore_params). The store is then as it was.
pub fn import<T: Real>(
    cell: &(impl Portable<T> + ?Sized),
    store: &mut ParamStore<T>,
    archive: &Archive<T>,
    options: &LoadOptions,
) -> Result<()> {
    let cell = check(cell)?;
    let found = exchange::receive(archive, options, &write(&cell, store))?;
    exchange::assign(store, read(&cell, &found));
    Ok(())
}

/// Refuses what Keras's cells do not compute.
fn check<T: Real>(cell: &(impl Portable<T> + ?Sized)) -> Result<Anatomy<T>, LayoutError> {
    let cell = only_cell(cell)?;
    let refuse = |part, rule, remedy| Err(refuse(LAYOUT, &cell, part, rule, remedy));
    if cell.kind == (Kind::Lstm { coupled: true }) {
        let rule = "its LSTM has a forget gate of its own";
        return refuse("the coupled gate", rule, "export to ONNX, which has `input_forget`");
    }
    if cell.peepholes.is_some() {
        return refuse("the peepholes", "its LSTM has none", "export to ONNX, which has `P`");
    }
    if cell.projection.is_some() {
        return refuse(
            "the projection",
            "its LSTM has none",
            "export to PyTorch, which has `weight_hr`",
        );
    }
    if let (Kind::Lstm { .. }, [_, candidate, output]) = (cell.kind, &cell.activations[..])
        && format!("{candidate:?}") != format!("{output:?}")
    {
        let rule = "its LSTM has one `activation` for both the candidate and the way out";
        return refuse(
            "the choice of activations",
            rule,
            "export to ONNX, which has `activations`",
        );
    }
    audit(LAYOUT, &cell)?;
    Ok(cell)
}

/// Whether a GRU's two biases are two rows.
fn two_rows(kind: Kind) -> bool {
    matches!(kind, Kind::Gru { reset_after: true, .. })
}

fn write<T: Real>(cell: &Anatomy<T>, store: &ParamStore<T>) -> Arrays<T> {
    let order = ORDER.of(cell.kind);
    let mut arrays = Arrays::new();
    arrays.insert("kernel".into(), there(&order, store.get(cell.w)));
    arrays.insert("recurrent_kernel".into(), there(&order, store.get(cell.u)));
    if let Some([input, recurrent]) = biases::split(&order, cell, store) {
        let bias = match two_rows(cell.kind) {
            true => stack![Axis(0), input, recurrent],
            false => input,
        };
        arrays.insert("bias".into(), bias);
    }
    arrays
}

fn read<T: Real>(cell: &Anatomy<T>, found: &Arrays<T>) -> Values<T> {
    let order = ORDER.of(cell.kind);
    let mut values = vec![
        (cell.w, back(&order, &found["kernel"])),
        (cell.u, back(&order, &found["recurrent_kernel"])),
    ];
    match cell.b {
        Some(_) if two_rows(cell.kind) => {
            let row = |k| found["bias"].index_axis(Axis(0), k).to_owned();
            values.extend(biases::sum(&order, cell, &row(0), &row(1)));
        }
        Some(b) => values.push((b, back(&order, &found["bias"]))),
        None => {}
    }
    values
}
