//! `y = m ⊙ x / (1 − p)`, with a mask `m` of zeros and ones: N. Srivastava et al., *Dropout*, 2014.

use super::stream;
use crate::{
    Bound, Sequence, Widths,
    layers::{Layer, Run},
};
use tape::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Result, Shape, Var, ops::activation::dropout as drop,
};

/// Drops elements at random, and scales the others so that the mean stays.
///
/// As a [`Layer`] it stands between others in a [`Stack`](crate::layers::Stack); for what a cell reads see
/// [`Dropped`](super::Dropped).
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    /// The probability `p` with which an element is dropped, within `0..=1`.
    pub rate: f64,
    /// Which use in the model: each has its own.
    pub key: u64,
    /// How long a mask stays.
    pub mask: Mask,
}

/// How long a mask stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mask {
    /// A mask for each step: for what goes from layer to layer (W. Zaremba, I. Sutskever and O. Vinyals, 2014).
    #[default]
    EachStep,
    /// One mask for all steps of a seed, *locked* or *variational* (Y. Gal and Z. Ghahramani, 2016): as long as the
    /// seed stays, also from window to window.
    Locked,
}

impl Dropout {
    /// `x` as it comes through: `[B, W]` at the step that the clock of `p` shows, or `[T, B, W]` from that step on. Without
    /// training, `x` itself.
    ///
    /// # Panics
    /// When the rate is no probability.
    #[track_caller]
    pub fn apply<'t, T: Real>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let Some(seed) = p.seed() else { return x };
        let (seed, shape) = (stream(seed, self.key, 0), x.shape());
        match (self.mask, &shape[..]) {
            (Mask::Locked, [.., batch, width]) => {
                let ones = p.tape().constant(T::ONE).broadcast_to([*batch, *width]);
                x * ones.dropout(self.rate, seed, u64::MAX)
            }
            (Mask::EachStep, [_, _, _]) => {
                x.apply(EachStep(drop::Dropout { rate: self.rate, seed, counter: p.time() as u64 }))
            }
            _ => x.dropout(self.rate, seed, p.time() as u64),
        }
    }
}

impl<T: Real> Layer<T> for Dropout {
    fn state_widths(&self) -> Widths {
        Widths::new()
    }

    fn width(&self, inputs: usize) -> usize {
        inputs
    }

    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: &[Var<'t, T>],
    ) -> Run<'t, T> {
        crate::error::or_panic(self.check(xs, start));
        Run { outputs: self.apply(p, xs.dense(p.tape())), states: crate::States::new() }
    }
}

/// Dropout of `[T, B, W]` with a counter for each step, as if the steps were dropped one by one: the first with the
/// counter that is given.
#[derive(Debug, Clone, Copy)]
struct EachStep(drop::Dropout);

impl EachStep {
    /// The factors of all elements of an array of that shape.
    fn factors<T: Real>(self, shape: &[usize]) -> impl Iterator<Item = Option<T>> {
        let width = shape[1..].iter().product();
        (0..shape[0] as u64).flat_map(move |t| {
            let counter = self.0.counter + t;
            drop::Dropout { counter, ..self.0 }.factors().take(width)
        })
    }
}

impl<T: Real> Op<T> for EachStep {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        self.0.shape(x)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for ((y, &x), factor) in y.iter_mut().zip(&x[0]).zip(self.factors::<T>(x.shape(0))) {
            *y = factor.map_or(T::ZERO, |factor| x * factor);
        }
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let terms = dy.iter().zip(self.factors::<T>(x.shape(0)));
        dx.add(terms.map(|(&dy, factor)| factor.map_or(T::ZERO, |factor| dy * factor)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    const STEPS: Dropout = Dropout { rate: 0.4, key: 5, mask: Mask::EachStep };

    fn inputs() -> Array3<f64> {
        Array3::from_shape_fn((4, 3, 2), |(t, b, i)| f64::sin((1 + t + 3 * b + 7 * i) as f64))
    }

    #[test]
    fn backward_matches_central_differences() {
        let drop = drop::Dropout { rate: 0.4, seed: 7, counter: 2 };
        tape::gradcheck::op(EachStep(drop), &[inputs().into_dyn()]).assert();
    }

    #[test]
    fn steps_are_dropped_together_as_one_by_one() {
        let (tape, store) = (tape::Tape::new(), crate::ParamStore::new());
        let (p, x) = (store.bind(&tape).training(3).at(10), tape.constant(inputs()));
        for mask in [Mask::EachStep, Mask::Locked] {
            let dropout = Dropout { mask, ..STEPS };
            let all = dropout.apply(p, x).value();
            let one = |t| dropout.apply(p.at(10 + t), x.select(0, t));
            assert_eq!(all, tape.stack(&[one(0), one(1), one(2), one(3)]).value());
        }
    }

    #[test]
    fn masks_differ_by_step_key_and_seed_unless_they_are_locked() {
        let (tape, store) = (tape::Tape::<f64>::new(), crate::ParamStore::new());
        let (p, x) = (store.bind(&tape), tape.constant(ndarray::Array2::from_elem((8, 8), 1.0)));
        let mask = |dropout: Dropout, seed, t| dropout.apply(p.training(seed).at(t), x).value();
        let first = mask(STEPS, 1, 0);
        assert_eq!(first, mask(STEPS, 1, 0));
        assert_ne!(first, mask(STEPS, 1, 1));
        assert_ne!(first, mask(STEPS, 2, 0));
        assert_ne!(first, mask(Dropout { key: 6, ..STEPS }, 1, 0));
        let locked = Dropout { mask: Mask::Locked, ..STEPS };
        assert_eq!(mask(locked, 1, 0), mask(locked, 1, 9));
        assert_ne!(mask(locked, 1, 0), mask(locked, 2, 0));
        assert_eq!(STEPS.apply(p, x).value(), x.value(), "nothing is dropped but in training");
    }
}
