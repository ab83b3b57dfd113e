//! The bell curve, out of two uniform numbers.

use super::{Init, fill};
use ndarray::ArrayD;
use rand::{Rng, RngExt};
use std::f64::consts::TAU;
use tape::Real;

/// `wᵢ ~ N(0, σ²)`
///
/// Every two numbers, the last pair included, cost two draws: after `n` numbers the generator has moved on by
/// `2⌈n/2⌉` draws, whatever they were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    /// `σ`, the standard deviation.
    pub std: f64,
}

impl Init for Normal {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        let mut standard = standard(rng);
        fill(shape, || self.std * standard())
    }
}

/// Numbers from `N(0, 1)`, by the transformation of Box & Muller (1958):
///
/// ```text
///   r = √(−2 ln u)     φ = 2π v     u ~ U(0, 1], v ~ U[0, 1)
///   x = r cos φ        y = r sin φ
/// ```
///
/// The distance of a normal point `(x, y)` from the origin has `P(r > ρ) = exp(−ρ²/2)`, which the first line
/// inverts; its direction is any.
pub(crate) fn standard(rng: &mut impl Rng) -> impl FnMut() -> f64 {
    let mut spare = None;
    move || {
        spare.take().unwrap_or_else(|| {
            // random() is in [0, 1); one minus it is never 0, so that the logarithm is finite.
            let r = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
            let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
            spare = Some(r * sin);
            r * cos
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_moments_are_those_of_a_normal_variable() {
        let mut rng = ChaCha8Rng::seed_from_u64(21);
        let w = Normal { std: 2.0 }.sample::<f64>(&[400, 500], &mut rng);
        let n = w.len() as f64;
        let moment = |k| w.mapv(|x: f64| (x / 2.0).powi(k)).sum() / n;
        // Four standard errors: Var xᵏ = E x²ᵏ − (E xᵏ)².
        for (k, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let error: f64 = moment(k) - expected;
            assert!(error.abs() < 4.0 * f64::sqrt(variance / n), "moment {k} is off by {error}");
        }
    }

    #[test]
    fn the_two_numbers_of_a_pair_know_nothing_of_each_other() {
        let mut rng = ChaCha8Rng::seed_from_u64(22);
        let w = Normal { std: 1.0 }.sample::<f64>(&[100_000, 2], &mut rng);
        let product = &w.index_axis(ndarray::Axis(1), 0) * &w.index_axis(ndarray::Axis(1), 1);
        let covariance = product.sum() / 1e5;
        assert!(covariance.abs() < 4.0 / 1e5_f64.sqrt(), "{covariance}");
    }
}
