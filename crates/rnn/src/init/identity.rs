//! A state that is passed on as it is.

use super::{Init, matrix};
use ndarray::{ArrayD, IxDyn};
use rand::Rng;
use tape::Real;

/// `wᵢⱼ = a` where `i = j`, else 0. Nothing is drawn. A matrix that is not square is the identity as far as it goes.
///
/// With `a = 1`, a bias of 0 and a ReLU, an Elman network copies its state until it learns otherwise: the IRNN.
/// (Le, Jaitly & Hinton, 2015)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identity {
    /// `a`
    pub scale: f64,
}

impl Default for Identity {
    /// `a = 1`
    fn default() -> Self {
        Self { scale: 1.0 }
    }
}

impl Init for Identity {
    fn sample<T: Real>(&self, shape: &[usize], _: &mut impl Rng) -> ArrayD<T> {
        matrix(shape, "Identity");
        let on_diagonal = T::of(self.scale);
        ArrayD::from_shape_fn(IxDyn(shape), |at| if at[0] == at[1] { on_diagonal } else { T::ZERO })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn it_goes_as_far_as_the_shorter_side() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let wide = Identity { scale: 2.0 }.sample::<f64>(&[2, 3], &mut rng);
        assert_eq!(wide, array![[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]].into_dyn());
    }
}
