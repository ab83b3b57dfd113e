//! `y[i_{a₀}, i_{a₁}, …] = x[i₀, i₁, …]`, the axes in another order.
//!
//! ```text
//! x̄ += ȳ, its axes put back
//! ```

use super::rearrange::{Arrangement, Places, Rearrange, steps};
use crate::{Misfit, Real, Shape, Var};

/// See the [module](self): for each axis of `y`, which one of `x` it is, counted from the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permute(pub Shape);

impl Arrangement for Permute {
    fn places(&self, x: &[usize]) -> Result<Places, Misfit> {
        let named = (0..x.len()).all(|axis| self.0.contains(&axis));
        if !named || self.0.len() != x.len() {
            return Err(Misfit::new(
                format!("{:?} is not an order of {} axes", &self.0[..], x.len()),
                "name every axis once",
            ));
        }
        let steps = steps(x);
        let axes = self.0.iter().map(|&axis| (x[axis], steps[axis])).collect();
        Ok(Places { shape: self.0.iter().map(|&axis| x[axis]).collect(), start: 0, axes })
    }
}

impl<T: Real> Var<'_, T> {
    /// The axes in another order: axis `k` of the result is axis `order[k]` of this; `-1` is the last.
    ///
    /// # Panics
    /// Unless `order` names every axis once.
    #[track_caller]
    pub fn permute(self, order: &[isize]) -> Self {
        let order = order.iter().map(|&axis| self.axis("Permute", axis)).collect();
        self.apply(Rearrange(Permute(order)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::reduction::examples::wave;

    #[test]
    fn backward_matches_central_differences() {
        for (shape, order) in [
            (&[2, 3, 4][..], &[2, 0, 1][..]),
            (&[2, 1, 3, 2], &[3, 1, 0, 2]),
            (&[3, 0], &[1, 0]),
            (&[4], &[0]),
            (&[], &[]),
        ] {
            let permute = Rearrange(Permute(Shape::from_slice(order)));
            crate::gradcheck::op(permute, &[wave(shape)]).assert();
        }
    }

    #[test]
    fn axes_are_put_in_order_as_ndarray_puts_them() {
        let (tape, x) = (crate::Tape::new(), wave(&[2, 3, 4]));
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
            let expected = x.view().permuted_axes(&order[..]).to_owned();
            let found = tape.leaf(&x).permute(&order.map(|axis| axis as isize - 3));
            assert_eq!(found.value(), expected);
        }
    }

    #[test]
    fn an_order_that_is_none_is_refused() {
        let tape = crate::Tape::<f64>::new();
        let permute = Rearrange(Permute(Shape::from_slice(&[1, 1])));
        assert_eq!(
            tape.try_apply(permute, &[tape.zeros(&[2, 3])]).unwrap_err().to_string(),
            "Permute of [2, 3]: [1, 1] is not an order of 2 axes; name every axis once"
        );
    }
}
