//! The same weights in the words of other frameworks.
//!
//! A model says what it is made of ([`Portable`]), and a layout says whether it has a place for that: what it has none
//! for is refused by name ([`LayoutError`]), since a file that loads and computes something else is worse than none.
//! Reading compares names and shapes with what the model itself would write, and changes nothing before all of them
//! fit.
//!
//! **Two biases.** Where a framework adds two of them, they are summed when read, and written as ours and −0, the only
//! number that changes nothing it is added to: so what was written is read back bit for bit. In a GRU that resets after,
//! the candidate's two biases are two parameters, and stay apart.
//!
//! **A gate the other way round.** [`Update::Replace`](crate::cells::gru::Update) means by `z` what others mean by
//! `1 − z = σ(−a)`. Its weights are written, and read, with the sign turned: exact for the weights, within rounding for
//! what is computed.

mod anatomy;
mod biases;
mod error;
mod exchange;
mod gates;
pub mod keras;
pub mod onnx;
mod portable;
pub mod torch;

pub use anatomy::{Anatomy, Directions, Kind, Portable};
pub use error::LayoutError;

use crate::Activation;
use tape::Real;

/// The one cell that a model is.
fn only_cell<T: Real>(model: &(impl Portable<T> + ?Sized)) -> Result<Anatomy<T>, LayoutError> {
    match &model.layers()[..] {
        [Directions { forward, reverse: None }] => Ok(forward.clone()),
        layers => Err(LayoutError::Layers {
            layout: "one cell",
            what: format!("the model has {} layer(s), or two directions", layers.len()),
            rule: "a cell is asked for",
            remedy: "give the cells one by one",
        }),
    }
}

/// The refusal of a part of a cell.
fn refuse<T: Real>(
    layout: &'static str,
    cell: &Anatomy<T>,
    part: &str,
    rule: &str,
    remedy: &'static str,
) -> LayoutError {
    let what = format!("{part} of {}", cell.kind);
    LayoutError::NoPlace { layout, what, rule: rule.into(), remedy }
}

/// Refuses what no layout has a place for.
fn audit<T: Real>(layout: &'static str, cell: &Anatomy<T>) -> Result<(), LayoutError> {
    let mut parts = cell.only_here.clone();
    if let Kind::Other(_) = cell.kind {
        parts.push("the equation");
    }
    if cell.activations.iter().any(|f| matches!(f, Activation::Custom(_))) {
        parts.push("the activation of one's own");
    }
    if let Kind::Gru { reset_after, .. } = cell.kind
        && cell.b_n.is_some() != (reset_after && cell.b.is_some())
    {
        parts.push("the single bias");
    }
    let Some(part) = parts.first() else { return Ok(()) };
    let rule = "its cells compute their plain equation";
    Err(refuse(
        layout,
        cell,
        part,
        rule,
        "save it under this project's own names, with `weights::save`",
    ))
}
