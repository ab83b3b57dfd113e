//! `y = Π x`, over all axes or some.
//!
//! ```text
//! x̄ₖ += ȳ Π x, over all but k
//! ```
//!
//! The product of the others is that of those before times that of those behind, never `y / xₖ`: right with
//! one zero (it alone has a gradient), with two (nobody has), and for the second derivatives, too. The product
//! of nothing is 1.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Prod(pub Over);

/// The place of the result that element `k` goes into.
fn place(mut k: usize, shape: &[usize], kept: &[usize]) -> usize {
    let (mut at, mut stride) = (0, 1);
    for (&n, &kept) in shape.iter().zip(kept).rev() {
        at += if kept == 1 { 0 } else { k % n * stride };
        (k, stride) = (k / n, stride * kept);
    }
    at
}

impl<T: Real> Op<T> for Prod {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        self.0.shape(shape)
    }
    /// For every element the product of the others, then room for the running products.
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        x[0].len() + self.0.results(x.shape(0))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let (others, behind) = saved.split_at_mut(x[0].len());
        y.fill(T::ONE);
        self.0.for_each(x.shape(0), |k, j| {
            others[k] = y[j];
            y[j] *= x[0][k];
        });
        behind.fill(T::ONE);
        let Ok(kept) = self.0.kept(x.shape(0)) else { return };
        for (k, (others, &x_k)) in others.iter_mut().zip(&x[0]).enumerate().rev() {
            let j = place(k, x.shape(0), &kept);
            *others *= behind[j];
            behind[j] *= x_k;
        }
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let dx = dx.sum();
        self.0.for_each(x.shape(0), |k, j| dx[k] += dy[j] * y.saved()[k]);
    }
}

impl<T: Real> Var<'_, T> {
    /// The product over an axis, several, or [`Over::all`]; 1 of nothing.
    #[track_caller]
    pub fn prod(self, over: impl Into<Over>) -> Self {
        self.reduce(over, Prod)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::reduction::examples::{SETS, wave};

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in SETS {
            crate::gradcheck::op(Prod(Over::from(*axes)), &[wave(shape)]).assert();
        }
        crate::gradcheck::op(Prod(Over::all()), &[wave(&[2, 3])]).assert();
    }

    #[test]
    fn zeros_leave_the_product_of_the_others() {
        let gradient = |x: [f64; 3]| {
            let tape = crate::Tape::new();
            let x = tape.leaf(x);
            let y = x.prod(Over::all());
            (y.item(), tape.backward(y)[x].iter().copied().collect::<Vec<_>>())
        };
        assert_eq!(gradient([2.0, -3.0, 4.0]), (-24.0, vec![-12.0, 8.0, -6.0]));
        assert_eq!(gradient([0.0, 2.0, 3.0]), (0.0, vec![6.0, 0.0, 0.0]));
        assert_eq!(gradient([0.0, 0.0, 3.0]), (0.0, vec![0.0, 0.0, 0.0]));
    }

    #[test]
    fn the_product_of_nothing_is_one() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.zeros(&[3, 0]);
        assert_eq!(x.prod(1).value(), ndarray::arr1(&[1.0; 3]).into_dyn());
    }
}
