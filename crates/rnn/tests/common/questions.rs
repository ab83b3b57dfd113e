//! What a cell and its twin are asked.

use super::wave;
use ndarray::{Array1, Array2, Array3};
use rnn::by_hand::{
    loss::{Loss, Reduction, Rows},
    recurrence::{Linear, Problem},
    truncation::{Injected, Truncation, Window},
};

/// The given number of steps of two rows of three inputs, from a state of the given widths; the loss is that of hₜ.
pub(crate) fn problem<const N: usize>(widths: [usize; N], steps: usize) -> Problem<f64, N> {
    let inputs = Array3::from_shape_fn((steps, 2, 3), |(t, i, j)| wave(t, i, 6 + j));
    let start = std::array::from_fn(|k| {
        Array2::from_shape_fn((2, widths[k]), |(i, j)| 0.7 * wave(i, j, 7 + k))
    });
    Problem::new(inputs, start, loss(0, steps, widths[0]))
}

/// The same, of the state or through a readout.
pub(crate) fn asked_of<const N: usize>(
    widths: [usize; N],
    steps: usize,
    readout: bool,
) -> Problem<f64, N> {
    let mut problem = problem(widths, steps);
    if readout {
        problem.readout = Some(linear(widths[0]));
        problem.loss = loss(2, steps, 3);
    }
    problem
}

/// One of four losses of outputs `[T, 2, O]`.
pub(crate) fn loss(which: usize, steps: usize, width: usize) -> Loss<f64> {
    let given = Array3::from_shape_fn((steps, 2, width), |(t, i, j)| wave(5 * t, 3 * i, j));
    match which % 4 {
        0 => Loss::SquaredError { half: true, targets: given },
        1 => Loss::SquaredError { half: false, targets: given },
        2 => Loss::SoftmaxCrossEntropy {
            classes: Array2::from_shape_fn((steps, 2), |(t, i)| (t * t + 2 * i + t / 2) % width),
        },
        _ => Loss::Linear { adjoints: given },
    }
}

/// A problem for every reduction and loss, with and without a readout; the sum and the mean of rows take turns.
pub(crate) fn every_problem<const N: usize>(
    widths: [usize; N],
    steps: usize,
) -> Vec<Problem<f64, N>> {
    use Reduction::{Last, MaskedMean, MeanOverTime, Sum};
    let mut problems = Vec::new();
    for reduction in [Sum, MeanOverTime, Last, MaskedMean] {
        for which in 0..4 {
            for readout in [false, true] {
                let mut asked = problem(widths, steps);
                let turn = problems.len();
                asked.reduction = reduction;
                asked.rows = if turn % 3 == 0 { Rows::Mean } else { Rows::Sum };
                asked.mask = (reduction == MaskedMean).then(|| {
                    Array2::from_shape_fn((steps, 2), |(t, i)| f64::from((t + 2 * i) % 3 != 1))
                });
                if readout {
                    asked.readout = Some(linear(widths[0]));
                }
                let outputs = if readout { 3 } else { widths[0] };
                asked.loss = loss(which, steps, outputs);
                problems.push(asked);
            }
        }
    }
    problems
}

/// A readout of three outputs.
pub(crate) fn linear(hidden: usize) -> Linear<f64> {
    Linear {
        v: Array2::from_shape_fn((hidden, 3), |(i, j)| 0.9 * wave(i, j, 4)),
        c: Array1::from_shape_fn(3, |i| 0.5 * wave(i, 0, 5)),
    }
}

/// What is asked, in words.
pub(crate) fn title<const N: usize>(problem: &Problem<f64, N>) -> String {
    let Problem { readout, loss, reduction, rows, truncation, .. } = problem;
    let loss = match loss {
        Loss::SquaredError { half: true, .. } => "half squared error",
        Loss::SquaredError { .. } => "squared error",
        Loss::SoftmaxCrossEntropy { .. } => "cross entropy",
        Loss::Linear { .. } => "linear",
    };
    let read = if readout.is_some() { "through a readout" } else { "of the state" };
    format!("{loss} {read}, {reduction:?} over time, {rows:?} of rows, {truncation:?}")
}

/// Every way to cut a sequence of fewer than `up_to` steps.
pub(crate) fn every_truncation(up_to: usize) -> Vec<Truncation> {
    let mut all = vec![Truncation::Full];
    for every in 1..=up_to {
        all.push(Truncation::Blocks(every));
        for reach in 1..=up_to {
            for injected in [Injected::New, Injected::All] {
                for flush in [true, false] {
                    all.push(Truncation::Fixed(Window { every, reach, injected, flush }));
                }
            }
        }
    }
    all
}
