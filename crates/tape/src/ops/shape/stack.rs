//! `y[i] = xᵢ`, joined along a new first axis.
//!
//! ```text
//! x̄ᵢ += ȳ[i]
//! ```

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Tape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Stack;

impl<T: Real> Op<T> for Stack {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        if x.len() == 0 {
            return Err(Misfit::new("there is nothing to stack", "give at least one variable"));
        }
        if let Some(i) = (1..x.len()).find(|&i| x.shape(i) != x.shape(0)) {
            return Err(Misfit::new(
                format!("input {i} has not the shape of the first"),
                "stack equal shapes",
            ));
        }
        let mut shape = Shape::from_slice(x.shape(0));
        shape.insert(0, x.len());
        Ok(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let len = x[0].len();
        for i in 0..x.len() {
            y[i * len..][..len].copy_from_slice(&x[i]);
        }
    }
    fn backward(&self, i: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let len = x.node(i).len;
        dx.add(dy[i * len..][..len].iter().copied());
    }
    fn joins(&self, _: Inputs<'_, T>) -> bool {
        true
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Tape<T> {
    /// `parts`, all of one shape, along a new first axis.
    ///
    /// # Panics
    /// When there are none, or their shapes differ.
    #[track_caller]
    pub fn stack<'t>(&'t self, parts: &[Var<'t, T>]) -> Var<'t, T> {
        self.apply(Stack, parts)
    }
}

#[test]
fn backward_matches_central_differences() {
    let x = ndarray::arr2(&[[0.3, -1.2], [2.0, -0.5]]).into_dyn();
    crate::gradcheck::op(Stack, &[x.clone(), &x * 2.0, x]).assert();
}
