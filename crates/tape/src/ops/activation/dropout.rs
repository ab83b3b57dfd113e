//! `y = x / (1 − p)` with probability `1 − p`, else 0: a gate by chance.
//!
//! ```text
//! x̄ += ȳ ⊙ mask / (1 − p)
//! ```
//!
//! Whether element `k` stays is a pure function of `(seed, counter, k)`: the same call gives the same bits again, be it
//! in a sweep, in a recomputation or on another machine, and there is no generator whose state must be kept. Give each
//! use its own counter. What is dropped is 0 even if it was infinite or NaN. `p = 0` is the identity; `p = 1`
//! leaves only zeros. (N. Srivastava et al., 2014; the scaling keeps the mean.)

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    /// The probability `p` with which an element is dropped, within `0..=1`.
    pub rate: f64,
    /// Which experiment.
    pub seed: u64,
    /// Which use within it.
    pub counter: u64,
}

/// The step and the finishing hash of SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, 2014).
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dropout {
    /// The factor of each element, without end: 0 as `None`, else `1 / (1 − p)`. For ops that drop in a way of
    /// their own.
    pub fn factors<T: Real>(self) -> impl Iterator<Item = Option<T>> {
        let (rate, scale) = (self.rate, T::of(1.0 / (1.0 - self.rate)));
        let start = mix(mix(self.seed.wrapping_add(STEP)) ^ self.counter);
        (1u64..).map(move |k| {
            let bits = mix(start.wrapping_add(k.wrapping_mul(STEP)));
            let uniform = (bits >> 11) as f64 / (1u64 << 53) as f64;
            (uniform >= rate).then_some(scale)
        })
    }
}

impl<T: Real> Op<T> for Dropout {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        if (0.0..=1.0).contains(&self.rate) {
            return Ok(x.into());
        }
        Err(Misfit::new(format!("the rate is {}", self.rate), "a probability is within 0..=1"))
    }
    fn view(&self, _: Inputs<'_, T>) -> Option<usize> {
        (self.rate == 0.0).then_some(0)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for ((y, &x), factor) in y.iter_mut().zip(&x[0]).zip(self.factors::<T>()) {
            *y = factor.map_or(T::ZERO, |factor| x * factor);
        }
    }
    fn passes(&self, _: usize, _: Inputs<'_, T>) -> bool {
        self.rate == 0.0
    }
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let terms = dy.iter().zip(self.factors::<T>());
        dx.add(terms.map(|(&dy, factor)| factor.map_or(T::ZERO, |factor| dy * factor)));
    }
}

impl<T: Real> Var<'_, T> {
    /// Each element dropped with probability `rate`, the others scaled by `1 / (1 − rate)`.
    ///
    /// # Panics
    /// When `rate` is not within `0..=1`.
    #[track_caller]
    pub fn dropout(self, rate: f64, seed: u64, counter: u64) -> Self {
        self.apply(Dropout { rate, seed, counter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_matches_central_differences() {
        let x = ndarray::Array::from_shape_fn(20, |k| f64::sin(k as f64)).into_dyn();
        crate::gradcheck::op(Dropout { rate: 0.4, seed: 7, counter: 0 }, &[x]).assert();
    }

    #[test]
    fn the_same_counter_drops_the_same_and_another_drops_others() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.leaf(vec![1.0; 64]);
        let mask = |seed, counter| x.dropout(0.5, seed, counter).value();
        assert_eq!(mask(1, 2), mask(1, 2));
        assert_ne!(mask(1, 2), mask(1, 3));
        assert_ne!(mask(1, 2), mask(2, 1));
        assert_ne!(mask(1, 2), mask(2, 2));
    }

    #[test]
    fn as_many_are_dropped_as_the_rate_says_and_the_mean_stays() {
        let tape = crate::Tape::<f64>::new();
        let y = tape.leaf(vec![1.0; 100_000]).dropout(0.3, 5, 9);
        let dropped = y.value().iter().filter(|y| **y == 0.0).count() as f64 / 1e5;
        assert!((dropped - 0.3).abs() < 0.006, "{dropped}"); // four standard deviations
        assert!((y.mean().item() - 1.0).abs() < 0.01);
    }

    #[test]
    fn the_rates_0_and_1_keep_and_drop_everything() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.leaf([1.5, f64::INFINITY]);
        assert_eq!(x.dropout(0.0, 3, 4).value(), x.value());
        let gone = x.dropout(1.0, 3, 4);
        assert_eq!(gone.value(), ndarray::arr1(&[0.0, 0.0]).into_dyn());
        assert_eq!(tape.backward(gone.sum())[x], ndarray::arr1(&[0.0, 0.0]).into_dyn());
        let refused = tape.try_apply(Dropout { rate: 1.5, seed: 0, counter: 0 }, &[x]);
        assert!(refused.unwrap_err().to_string().contains("the rate is 1.5"));
    }
}
