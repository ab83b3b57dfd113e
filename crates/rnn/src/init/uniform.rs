//! All numbers up to a bound, alike.

use super::{Init, fill};
use ndarray::ArrayD;
use rand::{Rng, RngExt};
use tape::Real;

/// `wᵢ ~ U(−a, a)` with `a` the bound; `Var w = a²/3`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniform {
    /// `a`: no number is further from 0.
    pub bound: f64,
}

impl Uniform {
    /// `U(−1/√H, 1/√H)` for all weights and biases of a layer of `H` hidden units: what PyTorch starts every
    /// recurrent layer with.
    pub fn recurrent(hidden: usize) -> Self {
        Self { bound: (hidden as f64).sqrt().recip() }
    }
}

impl Init for Uniform {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        fill(shape, || self.bound * (2.0 * rng.random::<f64>() - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_bound_is_kept_and_nearly_reached() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let w = Uniform::recurrent(16).sample::<f32>(&[100, 100], &mut rng);
        let furthest = w.fold(0.0_f32, |furthest, x| furthest.max(x.abs()));
        assert!(furthest <= 0.25 && furthest > 0.2499, "{furthest}");
    }

    #[test]
    fn the_moments_are_those_of_a_uniform_variable() {
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        let w = Uniform { bound: 3.0 }.sample::<f64>(&[400, 500], &mut rng);
        let n = w.len() as f64;
        let (mean, square) = (w.sum() / n, w.mapv(|x| x * x).sum() / n);
        // Four standard errors; Var w² = (9/5 − 1) (Var w)².
        assert!(mean.abs() < 4.0 * (3.0 / n).sqrt(), "{mean}");
        assert!((square - 3.0).abs() < 4.0 * 3.0 * (0.8 / n).sqrt(), "{square}");
    }
}
