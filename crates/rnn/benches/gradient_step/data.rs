//! Numbers that any language repeats: a counter hashed, one stream to a name.

use crate::workload::{Inputs, Loss, Workload};
use ::tape::Real;
use ndarray::{Array2, ArrayD, IxDyn};
use rnn::{Elman, Linear, ParamStore, Result};

/// `[0, 1)`: splitmix64 (Steele, Lea & Flood, 2014) in counter mode from the FNV-1a hash of `name`.
fn units(name: &str) -> impl Iterator<Item = f64> + use<> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    (1..).map(move |i: u64| {
        let z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    })
}

/// Uniform in ±`bound`, before it is rounded to the workload's type.
fn uniform(name: &str, bound: f64) -> impl Iterator<Item = f64> + use<> {
    units(name).map(move |u| -bound + (bound + bound) * u)
}

fn classes(name: &str, len: usize, count: usize) -> Vec<usize> {
    units(name).take(len).map(|u| (count as f64 * u) as usize).collect()
}

/// Rows of numbers, or classes.
#[derive(Debug)]
pub(crate) enum Rows<T> {
    Dense(ArrayD<T>),
    Classes(Vec<usize>),
}

/// What a step is given.
#[derive(Debug)]
pub(crate) struct Data<T> {
    /// `[T, B, X]`, or `[T, B]` classes.
    pub(crate) inputs: Rows<T>,
    /// `[T, B, O]`, or `[T, B]` classes; for the last step only, `T` is 1.
    pub(crate) targets: Rows<T>,
}

impl<T: Real> Data<T> {
    pub(crate) fn of(w: &Workload) -> Self {
        let dense = |name: &str, shape: [usize; 3]| {
            let numbers = uniform(name, 1.0).map(T::of).take(shape.iter().product()).collect();
            Rows::Dense(shaped(&shape, numbers))
        };
        let length = w.windows * w.steps;
        let targets = if w.last_step_only { 1 } else { length };
        Self {
            inputs: match w.kind {
                Inputs::Dense => dense("inputs", [length, w.batch, w.inputs]),
                Inputs::OneHot => Rows::Classes(classes("inputs", length * w.batch, w.inputs)),
                Inputs::Tokens => Rows::Classes(classes("inputs", length * w.batch, w.outputs)),
            },
            targets: match w.loss {
                Loss::SquaredError => dense("targets", [targets, w.batch, w.outputs]),
                Loss::CrossEntropy => {
                    Rows::Classes(classes("targets", targets * w.batch, w.outputs))
                }
            },
        }
    }
}

/// An Elman network with the parameters that PyTorch's would have.
#[derive(Debug)]
pub(crate) struct Model<T: Real> {
    pub(crate) store: ParamStore<T>,
    pub(crate) cell: Elman<T>,
    pub(crate) head: Linear,
}

impl<T: Real> Model<T> {
    /// PyTorch keeps weights as `[out, in]` and two biases where one would do: transposed here, and summed.
    pub(crate) fn of(w: &Workload) -> Result<Self> {
        let bound = (w.hidden as f64).powf(-0.5);
        let transposed = |name: &str, (rows, cols): (usize, usize)| {
            let numbers: Vec<T> = uniform(name, bound).map(T::of).take(rows * cols).collect();
            Array2::from_shape_fn((cols, rows), |(c, r)| numbers[r * cols + c]).into_dyn()
        };
        let bias = |name: &str| uniform(name, bound).map(T::of);
        let sum = bias("rnn.bias_ih_l0").zip(bias("rnn.bias_hh_l0")).map(|(a, b)| a + b);
        let mut store = ParamStore::new();
        let cell = Elman {
            w: store.add("rnn.w", transposed("rnn.weight_ih_l0", (w.hidden, w.inputs)))?,
            u: store.add("rnn.u", transposed("rnn.weight_hh_l0", (w.hidden, w.hidden)))?,
            b: Some(store.add("rnn.b", shaped(&[w.hidden], sum.take(w.hidden).collect()))?),
            activation: rnn::Activation::Tanh,
            hidden: w.hidden,
        };
        let c = bias("head.bias").take(w.outputs).collect();
        let head = Linear {
            v: store.add("head.v", transposed("head.weight", (w.outputs, w.hidden)))?,
            c: Some(store.add("head.c", shaped(&[w.outputs], c))?),
        };
        Ok(Self { store, cell, head })
    }
}

fn shaped<T: Real>(shape: &[usize], numbers: Vec<T>) -> ArrayD<T> {
    match ArrayD::from_shape_vec(IxDyn(shape), numbers) {
        Ok(array) => array,
        Err(error) => unreachable!("as many numbers were drawn as the shape holds: {error}"),
    }
}

/// The Euclidean norm of all gradients. The recurrent bias, at place `summed`, counts twice: each of the two
/// biases that PyTorch adds up has its gradient.
pub(crate) fn norm<'a, T: Real>(gradients: impl Iterator<Item = (bool, &'a [T])>) -> f64 {
    let square = |g: &T| g.primal() * g.primal();
    gradients
        .map(|(twice, g)| g.iter().map(square).sum::<f64>() * if twice { 2.0 } else { 1.0 })
        .sum::<f64>()
        .sqrt()
}
