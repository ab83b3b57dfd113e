//! The parameters that the peers begin with, in our layout.
//!
//! PyTorch keeps weights as `[out, in]`, and two biases where one would do: transposed here, and summed. Only a GRU's
//! `bₕₙ` stands alone, since it is reset. The minimal gated unit is no framework's: its weights are `[in, out]`, one array to
//! a gate.

use crate::{
    data::{shaped, uniform},
    workload::{Inputs, Recurrence, Workload},
};
use ::tape::Real;
use ndarray::{Array1, ArrayD, Axis, concatenate, s};

/// One direction of one layer.
#[derive(Debug)]
pub(crate) struct Layer<T> {
    /// `[X, G·H]`
    pub(crate) w: ArrayD<T>,
    /// `[H, G·H]`
    pub(crate) u: ArrayD<T>,
    /// `[G·H]`
    pub(crate) b: ArrayD<T>,
    /// A GRU's `bₕₙ [H]`.
    pub(crate) b_n: Option<ArrayD<T>>,
}

/// All parameters of a workload.
#[derive(Debug)]
pub(crate) struct Model<T> {
    /// The embedding `[O, X]`, where inputs are tokens.
    pub(crate) table: Option<ArrayD<T>>,
    /// Layer after layer, each with one or two directions.
    pub(crate) layers: Vec<Layer<T>>,
    /// `[directions · H, O]`
    pub(crate) v: ArrayD<T>,
    /// `[O]`
    pub(crate) c: ArrayD<T>,
}

impl<T: Real> Model<T> {
    pub(crate) fn of(w: &Workload) -> Self {
        let draw = |name: &str, len: usize| -> Vec<T> {
            uniform(name, (w.hidden as f64).powf(-0.5)).map(T::of).take(len).collect()
        };
        let matrix =
            |name: &str, rows: usize, cols: usize| shaped(&[rows, cols], draw(name, rows * cols));
        let mut layers = Vec::new();
        for layer in 0..w.layers {
            for suffix in ["", "_reverse"].into_iter().take(w.directions()) {
                let (suffix, inputs) = (format!("l{layer}{suffix}"), w.layer_inputs(layer));
                layers.push(match w.cell {
                    Recurrence::Mgu => side_by_side(&suffix, inputs, w.hidden, &matrix),
                    _ => summed(w, &suffix, inputs, &matrix),
                });
            }
        }
        let table = matches!(w.kind, Inputs::Tokens)
            .then(|| matrix("embedding.weight", w.outputs, w.inputs));
        Self {
            table,
            layers,
            v: transposed(matrix("head.weight", w.outputs, w.hidden * w.directions())),
            c: shaped(&[w.outputs], draw("head.bias", w.outputs)),
        }
    }
}

/// A layer from PyTorch's four arrays.
fn summed<T: Real>(
    w: &Workload,
    suffix: &str,
    inputs: usize,
    matrix: &impl Fn(&str, usize, usize) -> ArrayD<T>,
) -> Layer<T> {
    let (hidden, rows) = (w.hidden, w.cell.gates() * w.hidden);
    let part = |name: &str, cols| matrix(&format!("rnn.{name}_{suffix}"), rows, cols);
    let bias = |name: &str| Array1::from_iter(part(name, 1));
    let (mut b, b_h) = (bias("bias_ih"), bias("bias_hh"));
    // What is reset is not added: r ⊙ (h Uₙ + bₕₙ).
    let alone = if w.cell == Recurrence::Gru { 2 * hidden } else { rows };
    for (b, &b_h) in b.iter_mut().zip(&b_h).take(alone) {
        *b += b_h;
    }
    Layer {
        w: transposed(part("weight_ih", inputs)),
        u: transposed(part("weight_hh", hidden)),
        b: b.into_dyn(),
        b_n: (alone < rows).then(|| b_h.slice(s![alone..]).to_owned().into_dyn()),
    }
}

/// A layer from one array for each gate.
fn side_by_side<T: Real>(
    suffix: &str,
    inputs: usize,
    hidden: usize,
    matrix: &impl Fn(&str, usize, usize) -> ArrayD<T>,
) -> Layer<T> {
    let both = |kind: &str, rows: usize| {
        let gates =
            ["f", "n"].map(|gate| matrix(&format!("rnn.{kind}_{gate}_{suffix}"), rows, hidden));
        match concatenate(Axis(1), &gates.each_ref().map(|gate| gate.view())) {
            Ok(both) => both.as_standard_layout().into_owned(),
            Err(error) => unreachable!("both gates are {rows} by {hidden}: {error}"),
        }
    };
    let b = Array1::from_iter(both("b", 1)).into_dyn();
    Layer { w: both("w", inputs), u: both("u", hidden), b, b_n: None }
}

fn transposed<T: Real>(matrix: ArrayD<T>) -> ArrayD<T> {
    matrix.reversed_axes().as_standard_layout().into_owned()
}

/// The Euclidean norm of all the peers' gradients, from ours: pairs of a gradient and how often the peers have each of its
/// blocks. A bias that is the sum of two has its gradient twice.
pub(crate) fn norm<'a, T: Real>(gradients: impl Iterator<Item = (&'static [f64], &'a [T])>) -> f64 {
    let square = |g: &T| g.primal() * g.primal();
    let sum: f64 = gradients
        .flat_map(|(times, g)| g.chunks((g.len() / times.len()).max(1)).zip(times))
        .map(|(block, times)| times * block.iter().map(square).sum::<f64>())
        .sum();
    sum.sqrt()
}

/// A gradient that the peers have once.
pub(crate) const ONCE: &[f64] = &[1.0];

impl Recurrence {
    /// How many of the peers' biases each block of ours is the sum of.
    pub(crate) fn biases(self) -> &'static [f64] {
        match self {
            Self::Elman => &[2.0],
            Self::Mgu => &[1.0, 1.0],
            Self::Gru => &[2.0, 2.0, 1.0],
            Self::Lstm => &[2.0; 4],
        }
    }
}
