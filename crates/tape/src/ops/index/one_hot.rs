//! `y[k, c] = [c = iₖ]`, a class as a row of zeros and a one.
//!
//! ```text
//! no input, no adjoint
//! ```

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Tape, Var};

/// See the [module](self). The classes are recorded with it.
#[derive(Debug, Clone, Copy)]
pub struct OneHot {
    /// How many classes there are.
    pub classes: usize,
}

impl<T: Real> Op<T> for OneHot {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        if let Some(wrong) = x.indices().iter().find(|&&i| i >= self.classes) {
            let rule = format!("there is no class {wrong} among {}", self.classes);
            return Err(Misfit::new(rule, "classes count from 0"));
        }
        Ok(Shape::from_slice(&[x.indices().len(), self.classes]))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.fill(T::ZERO);
        for (k, &i) in x.indices().iter().enumerate() {
            y[k * self.classes + i] = T::ONE;
        }
    }
    fn backward(&self, _: usize, _: Inputs<'_, T>, _: Output<'_, T>, _: &[T], _: Adjoint<'_, T>) {}
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Tape<T> {
    /// One row for each of `indices`, all zeros but a one: `[indices, classes]`.
    ///
    /// # Panics
    /// When an index is not below `classes`.
    #[track_caller]
    pub fn one_hot(&self, indices: &[usize], classes: usize) -> Var<'_, T> {
        self.apply_indexed(OneHot { classes }, &[], indices)
    }
}

#[test]
fn each_row_has_its_one_at_its_class() {
    let tape = crate::Tape::<f64>::new();
    let rows = tape.one_hot(&[2, 0], 3);
    assert_eq!(rows.value(), ndarray::arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]).into_dyn());
}
