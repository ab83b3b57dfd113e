//! Backpropagation through time as introductions write it: every equation that is right, or has been made right.

mod losses;
mod paths;
mod stretching;

use crate::golden;
use ndarray::ArrayD;
use rnn::by_hand::elman::{Parameters, Problem, gradients};

fn close(got: &ArrayD<f64>, want: &ArrayD<f64>) -> bool {
    golden::close(got.view(), want.view(), 1e-12, 1e-3)
}

fn all(parameters: &Parameters<f64>, problem: &Problem<f64>) -> Vec<ArrayD<f64>> {
    gradients(parameters, problem).named().map(|(_, array)| array.to_owned()).to_vec()
}

fn agree(got: &[ArrayD<f64>], want: &[ArrayD<f64>]) -> bool {
    got.len() == want.len() && got.iter().zip(want).all(|(got, want)| close(got, want))
}
