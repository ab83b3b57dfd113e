//! Signals that neither grow nor fade from layer to layer.

use super::{Init, Uniform, matrix};
use ndarray::ArrayD;
use rand::Rng;
use tape::Real;

/// `W ~ U(−a, a)` with `a = √(6 / (in + out))`, for `W` `[in, out]`.
///
/// Then `Var w = 2 / (in + out)`: the mean of what keeps the variance of the signal, `1/in`, and what keeps the
/// variance of the adjoint, `1/out`. (Glorot & Bengio, 2010)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GlorotUniform;

impl Init for GlorotUniform {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        let (fan_in, fan_out) = matrix(shape, "GlorotUniform");
        Uniform { bound: (6.0 / (fan_in + fan_out) as f64).sqrt() }.sample(shape, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn both_sides_of_the_matrix_count() {
        for shape in [[64, 32], [32, 64]] {
            let w = GlorotUniform.sample::<f64>(&shape, &mut ChaCha8Rng::seed_from_u64(5));
            let furthest = w.fold(0.0_f64, |furthest, x| furthest.max(x.abs()));
            assert!(furthest <= 0.25 && furthest > 0.2495, "{furthest}");
            let variance = w.mapv(|x| x * x).mean().unwrap_or(0.0);
            assert!((variance * 48.0 - 1.0).abs() < 4.0 * (0.8 / 2048.0_f64).sqrt(), "{variance}");
        }
    }
}
