//! `y = x`, read with other axes.
//!
//! ```text
//! x̄ += ȳ, read with the axes of x
//! ```

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). Shares the memory of its input.
#[derive(Debug, Clone)]
pub struct Reshape(pub Shape);

impl<T: Real> Op<T> for Reshape {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        let len = shape.iter().product::<usize>();
        if crate::shape::checked_len(&self.0) == Some(len) {
            return Ok(self.0.clone());
        }
        Err(Misfit::new(
            format!("its {len} elements do not fill {:?}", &self.0[..]),
            "the product of the lengths must stay the same",
        ))
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
    /// The same elements in the same order, read with axes of these lengths.
    #[track_caller]
    pub fn reshape(self, shape: impl AsRef<[usize]>) -> Self {
        self.apply(Reshape(Shape::from_slice(shape.as_ref())))
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[0.3, -1.2, 0.8], [2.0, -0.5, 1.1]]).into_dyn();
    crate::gradcheck::op(Reshape(Shape::from_slice(&[3, 1, 2])), &[x]).assert();
}
