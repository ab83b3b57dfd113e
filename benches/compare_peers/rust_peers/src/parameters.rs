//! The parameters that all peers begin with, under PyTorch's names.

use crate::{
    data::uniform,
    workload::{Inputs, Recurrence, Workload},
};
use tape::Real;

/// One array: its shape, `[rows, columns]` or `[rows]`, and its numbers row by row.
#[derive(Debug)]
pub(crate) struct Array<T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<T>,
}

impl<T: Real> Array<T> {
    /// Uniform in ±1/√H.
    fn draw(w: &Workload, name: &str, shape: &[usize]) -> Self {
        let numbers = uniform(name, (w.hidden as f64).powf(-0.5)).map(T::of);
        Self { shape: shape.to_vec(), numbers: numbers.take(shape.iter().product()).collect() }
    }

    /// `[out, in]` as `[in, out]`.
    pub(crate) fn transposed(self) -> Self {
        let (rows, columns) = (self.shape[0], self.shape[1]);
        let numbers = (0..columns)
            .flat_map(|j| (0..rows).map(move |i| i * columns + j))
            .map(|at| self.numbers[at])
            .collect();
        Self { shape: vec![columns, rows], numbers }
    }
}

/// One direction of one layer: `x` is what meets the input, `h` what meets the state, matrix and bias. A gated
/// unit of our own has two gates, each with both matrices and one bias.
#[derive(Debug)]
pub(crate) enum Strand<T> {
    Torch { weights: [Array<T>; 2], biases: [Array<T>; 2] },
    Mgu([[Array<T>; 3]; 2]),
}

/// All parameters of a workload.
#[derive(Debug)]
pub(crate) struct Parameters<T> {
    pub(crate) table: Option<Array<T>>,
    /// Layer after layer, each with one or two directions.
    pub(crate) strands: Vec<Strand<T>>,
    /// `[O, directions · H]`
    pub(crate) head: Array<T>,
    pub(crate) head_bias: Array<T>,
}

impl<T: Real> Parameters<T> {
    pub(crate) fn of(w: &Workload) -> Self {
        let (hidden, rows) = (w.hidden, w.cell.gates() * w.hidden);
        let draw = |name: &str, shape: &[usize]| Array::draw(w, name, shape);
        let strand = |layer: usize, way: &str| {
            let (end, inputs) = (format!("l{layer}{way}"), w.layer_inputs(layer));
            let own = |name: &str, shape: &[usize]| draw(&format!("rnn.{name}_{end}"), shape);
            match w.cell {
                Recurrence::Mgu => Strand::Mgu(["f", "n"].map(|gate| {
                    [("w", vec![inputs, hidden]), ("u", vec![hidden, hidden]), ("b", vec![hidden])]
                        .map(|(part, shape)| own(&format!("{part}_{gate}"), &shape))
                })),
                _ => Strand::Torch {
                    weights: [("weight_ih", inputs), ("weight_hh", hidden)]
                        .map(|(name, columns)| own(name, &[rows, columns])),
                    biases: ["bias_ih", "bias_hh"].map(|name| own(name, &[rows])),
                },
            }
        };
        let ways = || ["", "_reverse"].into_iter().take(w.directions());
        Self {
            table: matches!(w.kind, Inputs::Tokens)
                .then(|| draw("embedding.weight", &[w.outputs, w.inputs])),
            strands: (0..w.layers)
                .flat_map(|l| ways().map(move |way| (l, way)))
                .map(|(l, way)| strand(l, way))
                .collect(),
            head: draw("head.weight", &[w.outputs, hidden * w.directions()]),
            head_bias: draw("head.bias", &[w.outputs]),
        }
    }
}
