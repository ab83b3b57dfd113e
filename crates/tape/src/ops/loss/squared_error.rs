//! `y = ½ Σ (o − t)²`, or the same without the half.
//!
//! ```text
//! ō += ȳ (o − t)        t̄ −= ȳ (o − t)        (twice that without the half)
//! ```
//!
//! Authors differ on the half, and with it on the gradient by a factor of 2: so the method's name says which.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

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
            || x[0].iter().zip(&x[1]).map(|(&o, &t)| (o - t) * (o - t)).sum(),
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
