//! `y = ½ Σ (o − t)²`, or the same without the half.
//!
//! ```text
//! ō += ȳ (o − t)        t̄ −= ȳ (o − t)        (twice that without the half)
//! ```
//!
//! Authors differ on the half, and with it on the gradient by a factor of 2: so the method's name says which.
//!
//! A loss over a whole sequence has hundreds of thousands of terms, too many to add one after another in single precision:
//! stretches of them are added in lanes, and the stretches in pairs.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};
use smallvec::SmallVec;

/// Terms that are added in lanes.
const STRETCH: usize = 128;

/// `Σ (o − t)²` of one stretch, in eight interleaved sums.
#[inline(always)]
fn stretch<T: Real>(o: &[T], t: &[T]) -> T {
    let mut lanes = [T::ZERO; 8];
    for (o, t) in o.chunks(8).zip(t.chunks(8)) {
        for (lane, (&o, &t)) in lanes.iter_mut().zip(o.iter().zip(t)) {
            *lane += (o - t) * (o - t);
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The sum in pairs, and pairs of pairs: what rounding loses grows with the logarithm of their number.
#[inline(always)]
fn in_pairs<T: Real>(terms: impl Iterator<Item = T>) -> T {
    // One sum for each binary digit of how many terms there have been.
    let mut sums = SmallVec::<[T; 32]>::new();
    for (before, mut sum) in terms.enumerate() {
        for _ in 0..before.trailing_ones() {
            sum = sums.pop().unwrap_or(T::ZERO) + sum;
        }
        sums.push(sum);
    }
    sums.into_iter().rev().fold(T::ZERO, |sum, pair| pair + sum)
}

/// See the [module](self). Inputs: outputs and targets of one shape.
#[derive(Debug, Clone, Copy)]
pub struct SquaredError {
    /// With the factor ½?
    pub half: bool,
}

impl<T: Real> Op<T> for SquaredError {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [output, target] = x.shapes()?;
        if output != target {
            return Err(Misfit::new(
                "outputs and targets must have one shape",
                "reshape the targets",
            ));
        }
        Ok(Shape::new())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let sum: T = T::vectorize(
            #[inline(always)]
            || {
                let both = x[0].chunks(STRETCH).zip(x[1].chunks(STRETCH));
                in_pairs(both.map(|(o, t)| stretch(o, t)))
            },
        );
        y[0] = if self.half { T::of(0.5) * sum } else { sum };
    }
    fn backward(&self, i: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let factor = if self.half { dy[0] } else { dy[0] + dy[0] };
        let factor = if i == 0 { factor } else { -factor };
        dx.add(x.value(0).iter().zip(x.value(1)).map(|(&o, &t)| factor * (o - t)));
    }
    /// Subtract, square, add.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        3 * x.value(0).len() as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `Σ (o − t)²`, a single number.
    #[track_caller]
    pub fn squared_error(self, target: Var<'t, T>) -> Self {
        self.tape().apply(SquaredError { half: false }, &[self, target])
    }

    /// `½ Σ (o − t)²`, a single number.
    #[track_caller]
    pub fn half_squared_error(self, target: Var<'t, T>) -> Self {
        self.tape().apply(SquaredError { half: true }, &[self, target])
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = [ndarray::arr1(&[0.3, -1.2]).into_dyn(), ndarray::arr1(&[1.0, 0.4]).into_dyn()];
    for half in [false, true] {
        crate::gradcheck::op(SquaredError { half }, &x).assert();
    }
}

#[test]
fn without_the_half_the_gradient_is_exactly_twice() {
    let tape = crate::Tape::<f64>::new();
    let (o, t) = (tape.leaf([0.3, -1.2]), tape.constant([1.0, 0.4]));
    let (whole, half) = (tape.backward(o.squared_error(t)), tape.backward(o.half_squared_error(t)));
    assert_eq!(whole[o], &half[o] * 2.0);
}

#[test]
fn a_long_sum_in_single_precision_keeps_its_last_places() {
    // One after another, a million terms of 0.01 would lose the fourth digit.
    let tape = crate::Tape::<f32>::new();
    let len = 1_000_003;
    let (o, t) = (ndarray::Array1::from_elem(len, 0.1f32), tape.zeros(&[len]));
    let exact = len as f64 * f64::from(0.1f32 * 0.1f32);
    let loss = f64::from(tape.constant(o).squared_error(t).item());
    assert!((loss / exact - 1.0).abs() < 1e-6, "{loss} is not {exact}");
}
