//! The same number everywhere.

use super::{Init, fill};
use ndarray::ArrayD;
use rand::Rng;
use tape::Real;

/// `wᵢ = c`. Nothing is drawn.
///
/// With `c = 1` for the bias of an LSTM's forget gate, the cell starts out remembering. (Gers, Schmidhuber &
/// Cummins, 2000)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant(
    /// `c`
    pub f64,
);

impl Init for Constant {
    fn sample<T: Real>(&self, shape: &[usize], _: &mut impl Rng) -> ArrayD<T> {
        fill(shape, || self.0)
    }
}

/// `wᵢ = 0`. Nothing is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Zeros;

impl Init for Zeros {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        Constant(0.0).sample(shape, rng)
    }
}
