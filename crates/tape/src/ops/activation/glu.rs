//! `y = a ⊙ σ(b)`, with `a` and `b` the halves of `x` along an axis: a linear unit and its gate.
//!
//! ```text
//! ā += ȳ ⊙ σ(b)        b̄ += ȳ ⊙ a σ(b) (1 − σ(b))
//! ```
//!
//! An infinite `a` behind a closed gate gives NaN, as any 0 · ∞. (Y. N. Dauphin et al., 2017.)

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::Axis};

/// See the [module](self). The axis counts from the front, and its length is even.
#[derive(Debug, Clone, Copy)]
pub struct Glu {
    /// The axis that is halved.
    pub axis: usize,
}

impl Glu {
    /// How many elements follow one another in each half.
    fn stretch(&self, shape: &[usize]) -> usize {
        Axis::of(shape, self.axis).map_or(0, |axis| axis.n / 2 * axis.inner).max(1)
    }
}

impl<T: Real> Op<T> for Glu {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        let Axis { n, .. } = Axis::of(shape, self.axis)?;
        if n % 2 == 1 {
            let rule = format!("axis {} has length {n}", self.axis);
            return Err(Misfit::new(rule, "only an even length has halves"));
        }
        let mut shape = Shape::from_slice(shape);
        shape[self.axis] = n / 2;
        Ok(shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let half = self.stretch(x.shape(0));
        T::vectorize(|| {
            for (y, x) in y.chunks_exact_mut(half).zip(x[0].chunks_exact(2 * half)) {
                let (a, b) = x.split_at(half);
                for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                    *y = a * b.sigmoid();
                }
            }
        });
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let half = self.stretch(x.shape(0));
        let blocks = dy.chunks_exact(half).zip(x[0].chunks_exact(2 * half));
        let dx = dx.sum();
        T::vectorize(|| {
            for (dx, (dy, x)) in dx.chunks_exact_mut(2 * half).zip(blocks) {
                let (da, db) = dx.split_at_mut(half);
                let (a, b) = x.split_at(half);
                for (k, &dy) in dy.iter().enumerate() {
                    let gate = b[k].sigmoid();
                    da[k] += dy * gate;
                    db[k] += dy * (a[k] * (gate * (T::ONE - gate)));
                }
            }
        });
    }
}

impl<T: Real> Var<'_, T> {
    /// `a ⊙ σ(b)`, with `[a, b]` the halves of the last axis: `[.., 2n] → [.., n]`.
    #[track_caller]
    pub fn glu(self) -> Self {
        self.glu_axis(-1)
    }

    /// `a ⊙ σ(b)`, with `[a, b]` the halves of one axis; `-1` is the last.
    #[track_caller]
    pub fn glu_axis(self, axis: isize) -> Self {
        self.apply(Glu { axis: self.axis("Glu", axis) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_matches_central_differences() {
        let x = ndarray::Array::from_shape_fn((2, 4, 2), |(i, j, k)| {
            f64::sin((i + 3 * j + 7 * k) as f64)
        });
        for axis in 0..3 {
            crate::gradcheck::op(Glu { axis }, &[x.clone().into_dyn()]).assert();
        }
    }

    #[test]
    fn it_is_the_product_of_a_slice_and_the_gate_of_the_other() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.leaf(ndarray::Array::from_shape_fn((2, 6, 3), |(i, j, k)| {
            f64::sin((i + 3 * j + 7 * k) as f64)
        }));
        let apart = x.slice(1, 0..3) * x.slice(1, 3..6).sigmoid();
        assert_eq!(x.glu_axis(1).value(), apart.value());
        assert_eq!(tape.leaf([2.0, 0.0]).glu().item(), 1.0);
        assert_eq!(tape.leaf([2.0, -1e3]).glu().item(), 0.0);
    }
}
