//! `y = x`, with its adjoint scaled on the way back.
//!
//! ```text
//! x̄ += k ȳ
//! ```
//!
//! `k = 0` detaches; `k = 1/(1 − c)` on the recurrent edge is the weight of anticipated reweighted truncation
//! (Tallec & Ollivier, 2017). It is the gradient of no function, unless `k = 1`.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). Shares the memory of its input.
#[derive(Debug, Clone, Copy)]
pub struct ScaleGradient<T>(pub T);

impl<T: Real> Op<T> for ScaleGradient<T> {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        Ok(x.into())
    }
    fn view(&self, _: Inputs<'_, T>) -> Option<usize> {
        Some(0)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.copy_from_slice(&x[0]);
    }
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        dx.add(dy.iter().map(|&dy| self.0 * dy));
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// The same value, whose adjoint is multiplied by `k` on the way back.
    #[track_caller]
    pub fn scale_gradient(self, k: T) -> Self {
        self.apply(ScaleGradient(k))
    }
}

#[test]
fn the_value_stays_and_the_adjoint_is_scaled() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf([1.5, -2.0]);
    let y = x.square().scale_gradient(0.25);
    assert_eq!(y.value(), x.square().value());
    assert_eq!(tape.backward(y.sum())[x], ndarray::arr1(&[0.75, -1.0]).into_dyn());
}
