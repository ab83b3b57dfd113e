//! Gates side by side, as blocks of the columns of one array.

use ndarray::{Array2, NdFloat, s};

/// The columns `[B, G·H]` as G blocks `[B, H]`.
pub(super) fn split<F: NdFloat, const G: usize>(columns: &Array2<F>) -> [Array2<F>; G] {
    let width = columns.ncols() / G;
    std::array::from_fn(|k| columns.slice(s![.., k * width..(k + 1) * width]).to_owned())
}

/// G blocks `[B, H]` as columns `[B, G·H]`.
///
/// # Panics
/// If the blocks are not of one shape.
pub(super) fn join<F: NdFloat, const G: usize>(blocks: [&Array2<F>; G]) -> Array2<F> {
    let (rows, width) = blocks[0].dim();
    let mut columns = Array2::zeros((rows, G * width));
    for (k, block) in blocks.into_iter().enumerate() {
        columns.slice_mut(s![.., k * width..(k + 1) * width]).assign(block);
    }
    columns
}
