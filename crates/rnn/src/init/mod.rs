//! Placeholder until merge.
use ndarray::ArrayD;
use rand::{Rng, RngExt};
use tape::Real;
/// Draws.
pub trait Init {
    /// Draws.
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T>;
}
/// U
#[derive(Debug)]
pub struct Uniform {
    /// b
    pub bound: f64,
}
impl Uniform {
    /// r
    pub fn recurrent(hidden: usize) -> Self {
        Self { bound: 1.0 / (hidden as f64).sqrt() }
    }
}
impl Init for Uniform {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        ArrayD::from_shape_simple_fn(shape, || T::of(rng.random_range(-self.bound..self.bound)))
    }
}
