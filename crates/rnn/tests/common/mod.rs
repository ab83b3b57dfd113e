//! One Elman network, put to the tape and to the derivation on paper alike; and in the files of this folder, the
//! gated cells.

#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // a test may

pub(crate) mod on_tape;
pub(crate) mod questions;
pub(crate) mod twin;

use ndarray::{Array1, Array2, Array3, ArrayD, ArrayViewD, Axis, Slice, arr0};
use rnn::{
    Activation, Elman, Input, Linear, ParamStore, Readout, Reduction, Rows,
    bptt::Truncation,
    by_hand::{
        self,
        elman::{Parameters, Problem},
    },
    compare::compare,
    loss,
};
use std::{collections::BTreeMap, fmt::Display, ops::Range};
use tape::{Gradients, ParamId, Tape, Var};

/// Gradients and other arrays under their names.
pub(crate) type Arrays = BTreeMap<String, ArrayD<f64>>;

/// What [`by_hand`] is asked, as the tape sees it.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) store: ParamStore<f64>,
    pub(crate) cell: Elman<f64>,
    pub(crate) layer: Linear,
    pub(crate) h0: ParamId,
    pub(crate) problem: Problem<f64>,
    /// The inputs, if they are rows of zeros and a one.
    pub(crate) one_hot: Option<Vec<usize>>,
}

impl Network {
    pub(crate) fn new(parameters: &Parameters<f64>, problem: &Problem<f64>) -> Self {
        let Parameters { w, u, b, v, c } = parameters.clone();
        let mut store = ParamStore::new();
        let hidden = b.len();
        let cell = Elman {
            w: store.add("w", w.into_dyn()).unwrap(),
            u: store.add("u", u.into_dyn()).unwrap(),
            b: Some(store.add("b", b.into_dyn()).unwrap()),
            activation: match problem.activation {
                by_hand::activation::Activation::Identity => Activation::Identity,
                by_hand::activation::Activation::Tanh => Activation::Tanh,
                by_hand::activation::Activation::Relu => Activation::Relu,
                by_hand::activation::Activation::Sigmoid => Activation::Sigmoid,
            },
            hidden,
        };
        let layer = Linear {
            v: store.add("v", v.into_dyn()).unwrap(),
            c: Some(store.add("c", c.into_dyn()).unwrap()),
        };
        let h0 = store.add("h0", problem.h0.clone().into_dyn()).unwrap();
        Self { store, cell, layer, h0, problem: problem.clone(), one_hot: None }
    }

    /// The same network without its two biases.
    pub(crate) fn without_bias(mut self) -> Self {
        (self.cell.b, self.layer.c) = (None, None);
        self
    }

    pub(crate) fn readout(&self) -> Readout {
        match self.problem.readout {
            by_hand::elman::Readout::Before => Readout::Before,
            by_hand::elman::Readout::After => Readout::After,
        }
    }

    pub(crate) fn inputs<'t>(
        &self,
        tape: &'t Tape<f64>,
        steps: Range<usize>,
    ) -> Input<'t, '_, f64> {
        let (_, batch, width) = self.problem.inputs.dim();
        match &self.one_hot {
            Some(one_hot) => {
                Input::one_hot(&one_hot[steps.start * batch..steps.end * batch], batch, width)
            }
            None => Input::Dense(tape.constant(within(&self.problem.inputs, steps))),
        }
    }

    /// The loss of the states `[n, B, H]` that the outputs of `steps` read.
    pub(crate) fn loss<'t>(
        &self,
        store: &ParamStore<f64>,
        states: Var<'t, f64>,
        steps: Range<usize>,
    ) -> Var<'t, f64> {
        let o = self.layer.forward(store.bind(states.tape()), states);
        let Problem { loss, reduction, rows, mask, .. } = &self.problem;
        summed_loss(o, loss, *reduction, *rows, mask.as_ref(), steps)
    }

    /// Runs over the sequence with the parameters as they are and adds up the gradients of the sweeps. The sum of
    /// the losses is among them as `loss`.
    pub(crate) fn gradients(&self, truncation: Truncation) -> Arrays {
        let mut sums = Arrays::new();
        let each = self.sweeps(truncation);
        each.into_iter().flatten().for_each(|(name, array)| match sums.get_mut(&name) {
            Some(sum) => *sum += &array,
            None => drop(sums.insert(name, array)),
        });
        sums
    }

    /// The gradients of each sweep, and its loss.
    pub(crate) fn sweeps(&self, truncation: Truncation) -> Vec<Arrays> {
        let (tape, mut store) = (Tape::new(), self.store.clone());
        let (mut sweeps, mut losses) = (Vec::new(), Vec::new());
        let read = self.store.clone();
        let run = truncation.run(
            &tape,
            &self.cell,
            &mut store,
            |p| p.var(self.h0),
            self.problem.steps(),
            self.readout(),
            |p, steps| self.inputs(p.tape(), steps),
            |_, block| {
                let loss = self.loss(&read, block.outputs, block.steps);
                losses.push(loss.item());
                loss
            },
            |store, gradients| {
                sweeps.push(named(store, gradients));
                Ok(())
            },
        );
        let (total, _) = run.unwrap();
        assert_eq!(total, losses.iter().sum::<f64>());
        for (sweep, loss) in sweeps.iter_mut().zip(losses) {
            sweep.insert("loss".into(), arr0(loss).into_dyn());
        }
        sweeps
    }
}

/// The loss of the outputs `[n, B, O]` of `steps`.
pub(crate) fn summed_loss<'t>(
    o: Var<'t, f64>,
    asked: &by_hand::loss::Loss<f64>,
    weights: by_hand::loss::Reduction,
    among: by_hand::loss::Rows,
    mask: Option<&Array2<f64>>,
    steps: Range<usize>,
) -> Var<'t, f64> {
    let tape = o.tape();
    let counted: Vec<f64> = mask.into_iter().flatten().copied().collect();
    let reduction = match weights {
        by_hand::loss::Reduction::Sum => Reduction::Sum,
        by_hand::loss::Reduction::MeanOverTime => Reduction::MeanOverTime,
        by_hand::loss::Reduction::Last => Reduction::Last,
        by_hand::loss::Reduction::MaskedMean => Reduction::Masked(&counted),
    };
    let rows = match among {
        by_hand::loss::Rows::Sum => Rows::Sum,
        by_hand::loss::Rows::Mean => Rows::Mean,
    };
    match asked {
        by_hand::loss::Loss::SquaredError { half, targets } => {
            let targets = tape.constant(within(targets, steps));
            loss::squared_error(o, targets, *half, reduction, rows)
        }
        by_hand::loss::Loss::SoftmaxCrossEntropy { classes } => {
            let classes = classes.slice_axis(Axis(0), Slice::from(steps));
            loss::cross_entropy(o, classes.to_owned().as_slice().unwrap(), reduction, rows)
        }
        by_hand::loss::Loss::Linear { adjoints } => {
            let (all, batch, _) = adjoints.dim();
            let weights = weights.weights(among, mask, (all, batch)).insert_axis(Axis(2));
            (o * tape.constant(within(&(adjoints * &weights), steps))).sum()
        }
    }
}

/// The gradients of the parameters under their names.
pub(crate) fn named(store: &ParamStore<f64>, gradients: &Gradients<f64>) -> Arrays {
    gradients.params().map(|(id, g)| (store.name(id).to_owned(), g.clone())).collect()
}

fn within(sequence: &Array3<f64>, steps: Range<usize>) -> Array3<f64> {
    sequence.slice_axis(Axis(0), Slice::from(steps)).to_owned()
}

/// What the derivation on paper gives, under the same names.
pub(crate) fn derived(parameters: &Parameters<f64>, problem: &Problem<f64>) -> Arrays {
    let derived = by_hand::elman::gradients(parameters, problem);
    let named = derived.named().map(|(name, array)| (name.to_owned(), array.to_owned()));
    let loss = ("loss".to_owned(), arr0(derived.loss).into_dyn());
    named.into_iter().chain([loss]).collect()
}

pub(crate) fn views(arrays: &Arrays) -> impl Iterator<Item = (&String, ArrayViewD<'_, f64>)> {
    arrays.iter().map(|(name, array)| (name, array.view()))
}

/// Fails with the table of differences where the two are further apart than `tolerance`.
#[track_caller]
pub(crate) fn assert_agree(got: &Arrays, want: &Arrays, tolerance: f64, what: impl Display) {
    let report = compare(views(got), views(want)).with_tolerance(tolerance);
    assert!(report.agrees_within(tolerance), "{what}\n{report}");
}

/// Fails unless the two have the same names and bits.
#[track_caller]
pub(crate) fn assert_same_bits(got: &Arrays, want: &Arrays, what: impl Display) {
    assert!(got.keys().eq(want.keys()), "{what}: {:?} and {:?}", got.keys(), want.keys());
    for (name, got) in got {
        let (got, want) = (bits(got), bits(&want[name]));
        assert_eq!(got, want, "{what}: {name}");
    }
}

fn bits(array: &ArrayD<f64>) -> Vec<u64> {
    array.iter().map(|x| x.to_bits()).collect()
}

/// A number without a pattern between −1 and 1 for each index.
pub(crate) fn wave(i: usize, j: usize, k: usize) -> f64 {
    (1.0 + 2.3 * i as f64 + 1.7 * j as f64 + 0.9 * k as f64).sin()
}

/// X = 3, H = 4, O = 3.
pub(crate) fn parameters() -> Parameters<f64> {
    Parameters {
        w: Array2::from_shape_fn((3, 4), |(i, j)| 0.8 * wave(i, j, 1)),
        u: Array2::from_shape_fn((4, 4), |(i, j)| 0.6 * wave(i, j, 2)),
        b: Array1::from_shape_fn(4, |i| 0.5 * wave(i, 0, 3)),
        v: Array2::from_shape_fn((4, 3), |(i, j)| 0.9 * wave(i, j, 4)),
        c: Array1::from_shape_fn(3, |i| 0.5 * wave(i, 0, 5)),
    }
}

/// Parameters whose biases are zero, as if there were none.
pub(crate) fn without_bias(mut parameters: Parameters<f64>) -> Parameters<f64> {
    parameters.b.fill(0.0);
    parameters.c.fill(0.0);
    parameters
}

/// The given number of steps of two rows.
pub(crate) fn problem(
    activation: by_hand::activation::Activation,
    loss: by_hand::loss::Loss<f64>,
    steps: usize,
) -> Problem<f64> {
    let inputs = Array3::from_shape_fn((steps, 2, 3), |(t, i, j)| wave(t, i, 6 + j));
    let h0 = Array2::from_shape_fn((2, 4), |(i, j)| 0.7 * wave(i, j, 7));
    Problem::new(activation, inputs, h0, loss)
}

pub(crate) fn squared_error(half: bool, steps: usize) -> by_hand::loss::Loss<f64> {
    let targets = Array3::from_shape_fn((steps, 2, 3), |(t, i, j)| wave(5 * t, 3 * i, j));
    by_hand::loss::Loss::SquaredError { half, targets }
}

pub(crate) fn cross_entropy(steps: usize) -> by_hand::loss::Loss<f64> {
    let classes = Array2::from_shape_fn((steps, 2), |(t, i)| (t * t + 2 * i + t / 2) % 3);
    by_hand::loss::Loss::SoftmaxCrossEntropy { classes }
}
