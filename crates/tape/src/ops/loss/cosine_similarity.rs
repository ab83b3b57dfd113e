//! `y = ⟨a, b⟩ / |a| |b|` along an axis, the cosine of the angle between two vectors.
//!
//! ```text
//! ā += ȳ (b̂ − y â) / |a|        â = a / |a|        b̄ likewise
//! ```
//!
//! No length is taken to be below `ε`; below it the length is constant, so that at 0 the value is 0 and the
//! slope `b̂/ε` (as PyTorch). The lengths neither overflow nor underflow.

use super::softmax::lines;
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::Axis};

/// See the [module](self). Inputs: two arrays of one shape.
#[derive(Debug, Clone, Copy)]
pub struct CosineSimilarity<T> {
    /// The axis of the vectors, counted from the front; it disappears.
    pub axis: usize,
    /// The least length, above 0.
    pub epsilon: T,
}

impl<T: Real> Op<T> for CosineSimilarity<T> {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [a, b] = x.shapes()?;
        if a != b {
            return Err(Misfit::new("both must have one shape", "expand or reshape one of them"));
        }
        Axis::of(a, self.axis)?;
        let mut shape = Shape::from_slice(a);
        shape.remove(self.axis);
        Ok(shape)
    }
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        Axis::of(x.shape(0), self.axis).map_or(0, |axis| 2 * axis.outer * axis.inner)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], lengths: &mut [T]) {
        let Ok(axis) = Axis::of(x.shape(0), self.axis) else { return };
        let (a, b) = (x.value(0), x.value(1));
        for ((line, y), lengths) in lines(axis).zip(y).zip(lengths.chunks_exact_mut(2)) {
            lengths[0] = crate::kernel::norm(line.clone().map(|k| a[k])).max(self.epsilon);
            lengths[1] = crate::kernel::norm(line.clone().map(|k| b[k])).max(self.epsilon);
            *y = line.map(|k| a[k] / lengths[0] * (b[k] / lengths[1])).sum();
        }
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let Ok(axis) = Axis::of(x.shape(0), self.axis) else { return };
        let (this, other, dx) = (x.value(i), x.value(1 - i), dx.sum());
        let scalars = y.saved().chunks_exact(2).zip(y.iter()).zip(dy);
        for (line, ((lengths, &y), &dy)) in lines(axis).zip(scalars) {
            let (own, others) = (lengths[i], lengths[1 - i]);
            let pull = if own > self.epsilon { y } else { T::ZERO };
            for k in line {
                dx[k] += dy * ((other[k] / others - pull * (this[k] / own)) / own);
            }
        }
    }
    /// Three dot products.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        6 * x.value(0).len() as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `⟨a, b⟩ / max(|a|, ε) max(|b|, ε)` along one axis, which disappears; `-1` is the last. A usual `ε` is 10⁻⁸.
    #[track_caller]
    pub fn cosine_similarity(self, other: Var<'t, T>, axis: isize, epsilon: T) -> Self {
        let axis = self.axis("CosineSimilarity", axis);
        self.tape().apply(CosineSimilarity { axis, epsilon }, &[self, other])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_matches_central_differences() {
        let sines = |w: f64| {
            ndarray::Array::from_shape_fn((2, 3, 2), |(i, j, k)| {
                f64::sin((i + 3 * j + 7 * k) as f64 * w)
            })
            .into_dyn()
        };
        for axis in 0..3 {
            let x = [sines(1.0) + 0.3, sines(0.7) - 0.4];
            crate::gradcheck::op(CosineSimilarity { axis, epsilon: 1e-8 }, &x).assert();
        }
    }

    #[test]
    fn vectors_of_any_length_have_an_angle() {
        let tape = crate::Tape::<f64>::new();
        let cosine = |a: [f64; 2], b: [f64; 2]| {
            tape.leaf(a).cosine_similarity(tape.leaf(b), 0, 1e-300).item()
        };
        assert!((cosine([3e200, 4e200], [3e-200, 0.0]) - 0.6).abs() < 1e-15);
        assert_eq!(cosine([0.0, 0.0], [1.0, 1.0]), 0.0);
    }
}
