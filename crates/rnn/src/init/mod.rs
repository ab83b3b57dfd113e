//! Where learning starts: how the first weights are drawn.
//!
//! Each initialiser is a distribution of arrays. It draws in `f64`, element by element in row-major order, and
//! rounds at the end: a model in `f32` starts from the rounded numbers of its `f64` twin, and leaves the generator
//! where the twin leaves it.
//!
//! ```
//! use rand::SeedableRng;
//! use rnn::init::{Init, Orthogonal, Uniform};
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let w = Uniform::recurrent(64).sample::<f32>(&[16, 64], &mut rng);
//! let u = Orthogonal::default().sample::<f32>(&[64, 64], &mut rng);
//! assert!(w.iter().all(|x| x.abs() <= 0.125));
//! assert!((u.mapv(|x| x * x).sum() - 64.0).abs() < 1e-3); // 64 rows of length 1
//! ```
//!
//! Weights are `[in, out]` throughout, as in `y = x W`. Where several gates share one `[in, G·H]` matrix, those
//! rules that look at the shape mean another thing by the whole than by its parts: draw each `[in, H]` by itself.
//!
//! | rule               | entries                                  | for                                        |
//! |--------------------|------------------------------------------|--------------------------------------------|
//! | [`Uniform`]        | `U(−a, a)`, `a = 1/√H`                   | any recurrent layer                        |
//! | [`GlorotUniform`]  | `U(−a, a)`, `a = √(6 / (in + out))`      | input and output weights                   |
//! | [`Orthogonal`]     | `QᵀQ = g² I`                             | recurrent weights: `‖h U‖ = g ‖h‖`         |
//! | [`Identity`]       | `a I`                                    | recurrent weights under a ReLU (IRNN)      |
//! | [`Normal`]         | `N(0, σ²)`                               | the IRNN's other weights                   |
//! | [`Sparse`]         | 15 of `N(0, σ²)` in a row, `ρ(W) = 0.95` | recurrent weights, as in an echo state     |
//! | [`Zeros`], [`Constant`] | `c`                                 | biases; the forget gate's is often 1       |
//! | [`Chrono`]         | `ln U(1, T − 1)`                         | biases of gates that keep, for T steps     |

mod chrono;
mod constant;
mod glorot;
mod identity;
mod normal;
mod orthogonal;
mod sparse;
mod uniform;

pub use chrono::Chrono;
pub use constant::{Constant, Zeros};
pub use glorot::GlorotUniform;
pub use identity::Identity;
pub use normal::Normal;
pub(crate) use normal::standard;
pub use orthogonal::Orthogonal;
pub use sparse::Sparse;
pub use uniform::Uniform;

use ndarray::{ArrayD, IxDyn};
use rand::Rng;
use tape::Real;

/// A rule by which an array is first filled.
pub trait Init {
    /// An array of the given shape, drawn by the rule. Weights are `[in, out]`.
    ///
    /// # Panics
    /// Where the rule is one for matrices and `shape` is not one's.
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T>;
}

/// An array whose elements are drawn one after the other in row-major order.
fn fill<T: Real>(shape: &[usize], mut draw: impl FnMut() -> f64) -> ArrayD<T> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || T::of(draw()))
}

#[track_caller]
fn matrix(shape: &[usize], rule: &str) -> (usize, usize) {
    match *shape {
        [rows, columns] => (rows, columns),
        _ => panic!("{rule} fills matrices [in, out], but was asked for shape {shape:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// The first elements of a `[3, 4]` matrix.
    #[track_caller]
    fn begins(init: impl Init, expected: [f64; 4]) {
        let drawn = init.sample::<f64>(&[3, 4], &mut ChaCha8Rng::seed_from_u64(7));
        for (drawn, expected) in drawn.iter().zip(expected) {
            // The logarithm and the sine of a machine may differ from another's in the last bit.
            assert!((drawn - expected).abs() <= 1e-14, "{:?} for {expected:?}", drawn);
        }
    }

    #[test]
    fn a_seed_stands_for_the_same_numbers_forever() {
        begins(
            Uniform::recurrent(4),
            [-0.34220390297938064, -0.3320106372278987, 0.20427612803645645, 0.22674129671326504],
        );
        begins(
            GlorotUniform,
            [-0.6336385031978534, -0.6147642425677631, 0.3782458904797252, 0.41984329989126545],
        );
        begins(
            Normal { std: 1.0 },
            [0.28880184241151724, 0.5099605414308933, -0.22730853267554407, -1.5443409860014],
        );
        begins(
            Orthogonal::default(),
            [0.17320795586909088, 0.30584715879089996, -0.13632754544630737, -0.9262134310383164],
        );
        begins(Identity::default(), [1.0, 0.0, 0.0, 0.0]);
        begins(Constant(1.5), [1.5; 4]);
        begins(Zeros, [0.0; 4]);
        begins(
            Chrono { longest: 60.0 },
            [2.317687833023512, 2.374290033966579, 3.734044374690744, 3.7647054812117733],
        );
        begins(
            Sparse { per_row: 2, std: 1.0, radius: None },
            [-1.295633053696601, -0.9570828558839901, 0.0, 0.0],
        );
    }

    #[test]
    fn single_precision_rounds_what_double_precision_draws() {
        fn twins(init: impl Init) {
            let (mut a, mut b) = (ChaCha8Rng::seed_from_u64(3), ChaCha8Rng::seed_from_u64(3));
            let double = init.sample::<f64>(&[5, 9], &mut a);
            assert_eq!(init.sample::<f32>(&[5, 9], &mut b), double.mapv(|x| x as f32));
            assert_eq!(a.random::<u64>(), b.random::<u64>());
        }
        twins(Uniform { bound: 0.3 });
        twins(GlorotUniform);
        twins(Normal { std: 0.1 });
        twins(Orthogonal { gain: 1.1 });
        twins(Identity { scale: 0.1 });
        twins(Constant(0.1));
        twins(Zeros);
        twins(Chrono { longest: 60.0 });
        twins(Sparse { radius: None, ..Sparse::default() });
    }

    #[test]
    fn an_empty_array_needs_no_draw() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        assert!(Uniform { bound: 1.0 }.sample::<f64>(&[0, 4], &mut rng).is_empty());
        assert!(Normal { std: 1.0 }.sample::<f64>(&[0], &mut rng).is_empty());
        assert!(Orthogonal::default().sample::<f64>(&[4, 0], &mut rng).is_empty());
        assert_eq!(rng, ChaCha8Rng::seed_from_u64(3));
    }

    #[test]
    #[should_panic(expected = "Orthogonal fills matrices [in, out], but was asked for shape [4]")]
    fn a_vector_is_not_orthogonal() {
        Orthogonal::default().sample::<f64>(&[4], &mut ChaCha8Rng::seed_from_u64(1));
    }
}
