//! Gates that start out with time constants of their own.

use super::{Init, fill};
use ndarray::ArrayD;
use rand::{Rng, RngExt};
use tape::Real;

/// `wᵢ = ln U(1, T − 1)`: the bias of a gate that keeps.
///
/// A gate `σ(b)` that stays at its bias forgets a share `1/(1 + eᵇ)` in each step, and so remembers for about `1 + eᵇ` of
/// them. With this rule these times are spread evenly between 2 and `T`, the longest dependency that is expected. The bias
/// of the gate that writes is the opposite number. (C. Tallec and Y. Ollivier, 2018)
///
/// [`Lstm::chrono`](crate::Lstm::chrono) and [`Gru::chrono`](crate::Gru::chrono) put them where they belong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chrono {
    /// `T`, in steps; less than 2 is taken for 2, which makes every bias 0.
    pub longest: f64,
}

impl Init for Chrono {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        let width = (self.longest - 2.0).max(0.0);
        fill(shape, || (1.0 + width * rng.random::<f64>()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_times_are_spread_evenly_up_to_the_longest() {
        let mut rng = ChaCha8Rng::seed_from_u64(31);
        let b = Chrono { longest: 60.0 }.sample::<f64>(&[100_000], &mut rng);
        let times = b.mapv(|b| b.exp());
        assert!(times.iter().all(|&t| (1.0..=59.0).contains(&t)));
        // Uniform on [1, 59]: mean 30, variance 58²/12.
        let mean = times.sum() / 1e5;
        assert!((mean - 30.0).abs() < 4.0 * (58.0_f64.powi(2) / 12.0 / 1e5).sqrt(), "{mean}");
        assert!(b.iter().any(|&b| b > 4.07) && b.iter().any(|&b| b < 0.01));
    }

    #[test]
    fn a_time_that_is_no_dependency_leaves_the_gates_in_the_middle() {
        let mut rng = ChaCha8Rng::seed_from_u64(32);
        assert!(Chrono { longest: 1.0 }.sample::<f64>(&[9], &mut rng).iter().all(|&b| b == 0.0));
    }
}
