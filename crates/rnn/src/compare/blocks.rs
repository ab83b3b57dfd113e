//! Gradients of several gates that share one array, block by block.

use super::{Finding, Row};
use ndarray::{ArrayViewD, Axis};

/// A row for each gate: the blocks of the last axis, held against each other.
pub(super) fn rows(
    name: &str,
    gates: &[String],
    left: &ArrayViewD<'_, f64>,
    right: &ArrayViewD<'_, f64>,
) -> Vec<Row> {
    let (Some(last), true) = (left.shape().last(), left.shape() == right.shape()) else {
        return Vec::new();
    };
    if gates.is_empty() {
        return Vec::new();
    }
    let (axis, width) = (Axis(left.ndim() - 1), last / gates.len());
    let blocks = left.axis_chunks_iter(axis, width).zip(right.axis_chunks_iter(axis, width));
    let row = |(gate, (a, b)): (&String, (_, _))| Row {
        name: format!("{name}[{gate}]"),
        step: None,
        finding: Finding::of(&a, &b),
    };
    gates.iter().zip(blocks).map(row).collect()
}
