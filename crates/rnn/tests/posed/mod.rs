//! The golden sequence as a question to the derivation on paper.

use crate::golden;
use rnn::by_hand::{
    activation::Activation,
    elman::{Parameters, Problem},
    loss::Loss,
};

/// X = 3, H = 4, O = 2, one row, half the squared error.
pub(crate) fn golden_problem(
    activation: &'static str,
    steps: usize,
) -> (Parameters<f64>, Problem<f64>) {
    let golden::Elman { w, u, b, v, c, h0, inputs, target, .. } =
        golden::sequence(activation, false, steps);
    let golden::Target::HalfSquaredError(targets) = target else {
        panic!("the sequence is asked for with a squared error")
    };
    let f = match activation {
        "identity" => Activation::Identity,
        "relu" => Activation::Relu,
        _ => Activation::Tanh,
    };
    let loss = Loss::SquaredError { half: true, targets };
    (Parameters { w, u, b, v, c }, Problem::new(f, inputs, h0, loss))
}
