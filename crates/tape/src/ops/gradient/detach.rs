//! `y = x`, with no past: adjoints stop here.
//!
//! ```text
//! x̄ += 0
//! ```
//!
//! Truncated backpropagation through time is this op at a window's edge. It copies, so that the value
//! outlives a cut that releases where it came from.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Detach;

impl<T: Real> Op<T> for Detach {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        Ok(x.into())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.copy_from_slice(&x[0]);
    }
    fn differentiable(&self, _: usize) -> bool {
        false
    }
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, _: &[T], _: Adjoint<'_, T>) {}
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// The same value as a constant.
    #[track_caller]
    pub fn detach(self) -> Self {
        self.apply(Detach)
    }
}

#[test]
fn the_value_stays_and_the_adjoint_stops() {
    let tape = crate::Tape::<f64>::new();
    let w = tape.leaf(2.0);
    let h = w * w;
    let y = w * h.detach();
    assert_eq!(y.item().to_bits(), (w * h).item().to_bits());
    assert_eq!(tape.backward(y)[w].first(), Some(&4.0));
}
