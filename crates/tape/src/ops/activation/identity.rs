//! `y = x`, the activation that is none.
//!
//! ```text
//! x̄ += ȳ
//! ```

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). Shares the memory of its input.
#[derive(Debug, Clone, Copy)]
pub struct Identity;

impl<T: Real> Op<T> for Identity {
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
    fn passes(&self, _: usize, _: Inputs<'_, T>) -> bool {
        true
    }
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        dx.add(dy.iter().copied());
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// The same value as a node of its own, through which adjoints pass unchanged.
    #[track_caller]
    pub fn identity(self) -> Self {
        self.apply(Identity)
    }
}

#[test]
fn backward_matches_central_differences() {
    crate::gradcheck::op(Identity, &[ndarray::arr1(&[-1.5, 0.7]).into_dyn()]).assert();
}
