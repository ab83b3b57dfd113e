//! `y = x`, stretched to a shape by NumPy's rule.
//!
//! ```text
//! x̄ += Σ ȳ, over the axes along which x was stretched
//! ```
//!
//! The copies are made; an op that stretches its operands itself (`x + y`, `x * y`) needs none.

use super::rearrange::{Arrangement, Places, Rearrange, steps};
use crate::{Misfit, Real, Shape, Var, broadcast};

/// See the [module](self): the shape to stretch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadcastTo(pub Shape);

impl Arrangement for BroadcastTo {
    fn places(&self, x: &[usize]) -> Result<Places, Misfit> {
        if broadcast(x, &self.0).as_ref() != Ok(&self.0) {
            return Err(Misfit::new(
                format!("it does not stretch to {:?}", &self.0[..]),
                "matched from the last axis on, its lengths must be 1 or those wanted",
            ));
        }
        let (steps, missing) = (steps(x), self.0.len() - x.len());
        let axis = |(axis, &n): (usize, &usize)| match axis.checked_sub(missing) {
            Some(axis) if x[axis] == n => (n, steps[axis]),
            _ => (n, 0),
        };
        let axes = self.0.iter().enumerate().map(axis).collect();
        Ok(Places { shape: self.0.clone(), start: 0, axes })
    }
}

impl<T: Real> Var<'_, T> {
    /// Stretched to `shape`: axes of length 1, and missing leading ones, repeat what is there.
    ///
    /// # Panics
    /// When it does not stretch to that shape.
    #[track_caller]
    pub fn broadcast_to(self, shape: impl AsRef<[usize]>) -> Self {
        self.apply(Rearrange(BroadcastTo(Shape::from_slice(shape.as_ref()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};

    const PAIRS: [(&[usize], &[usize]); 6] = [
        (&[3, 1], &[2, 3, 4]),
        (&[], &[2, 2]),
        (&[2, 3], &[2, 3]),
        (&[1, 3], &[0, 3]),
        (&[0, 1], &[0, 2]),
        (&[1, 1], &[1, 1]),
    ];

    #[test]
    fn backward_matches_central_differences() {
        for (from, to) in PAIRS {
            let op = Rearrange(BroadcastTo(Shape::from_slice(to)));
            crate::gradcheck::op(op, &[wave(from)]).assert();
        }
    }

    #[test]
    fn it_stretches_as_ndarray_does() {
        let tape = Tape::new();
        for (from, to) in PAIRS {
            let x = wave(from);
            let expected = x.broadcast(to).unwrap().to_owned();
            assert_eq!(tape.leaf(&x).broadcast_to(to).value(), expected);
        }
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let tape = Tape::<f64>::new();
        for to in [&[3, 2][..], &[3]] {
            let op = Rearrange(BroadcastTo(Shape::from_slice(to)));
            let error = tape.try_apply(op, &[tape.zeros(&[2, 3])]).unwrap_err().to_string();
            let expected = format!(
                "BroadcastTo of [2, 3]: it does not stretch to {to:?}; matched from the last axis on, \
                 its lengths must be 1 or those wanted"
            );
            assert_eq!(error, expected);
        }
    }
}
