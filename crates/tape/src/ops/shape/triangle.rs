//! `yᵢⱼ = xᵢⱼ [j − i ≤ d]` (lower) or `xᵢⱼ [j − i ≥ d]` (upper): one triangle of a matrix, zeros in the other.
//!
//! ```text
//! x̄ᵢⱼ += ȳᵢⱼ in the triangle
//! ```
//!
//! What stands outside is not read: a NaN there does no harm.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// See the [module](self). Leading axes are those of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triangle {
    /// The upper triangle, or the lower.
    pub upper: bool,
    /// The last diagonal that belongs to it, 1 being that above the main one.
    pub diagonal: isize,
}

impl Triangle {
    /// Does element `k` of matrices `[rows, cols]` stand in the triangle?
    fn holds(self, k: usize, shape: &[usize]) -> bool {
        let [.., rows, cols] = *shape else { return false };
        let above = (k % cols) as isize - (k / cols % rows) as isize;
        if self.upper { above >= self.diagonal } else { above <= self.diagonal }
    }
}

impl<T: Real> Op<T> for Triangle {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        if shape.len() < 2 {
            return Err(Misfit::new("a triangle is part of a matrix", "give it two axes or more"));
        }
        Ok(shape.into())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for (k, (y, &x_k)) in y.iter_mut().zip(&x[0]).enumerate() {
            *y = if self.holds(k, x.shape(0)) { x_k } else { T::ZERO };
        }
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, _: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let term = |(k, &dy)| if self.holds(k, x.shape(0)) { dy } else { T::ZERO };
        dx.add(dy.iter().enumerate().map(term));
    }
}

impl<T: Real> Var<'_, T> {
    /// The lower triangle of the last two axes, up to and with `diagonal` (0 the main one, 1 above it).
    #[track_caller]
    pub fn tril(self, diagonal: isize) -> Self {
        self.apply(Triangle { upper: false, diagonal })
    }

    /// The upper triangle of the last two axes, from `diagonal` on (0 the main one, 1 above it).
    #[track_caller]
    pub fn triu(self, diagonal: isize) -> Self {
        self.apply(Triangle { upper: true, diagonal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::arr2;

    #[test]
    fn backward_matches_central_differences() {
        for shape in [&[3, 3][..], &[2, 2, 4], &[3, 0], &[1, 3]] {
            for diagonal in [-1, 0, 2] {
                for upper in [false, true] {
                    crate::gradcheck::op(Triangle { upper, diagonal }, &[wave(shape)]).assert();
                }
            }
        }
    }

    #[test]
    fn triangles_share_a_diagonal() {
        let tape = Tape::new();
        let x = tape.leaf(arr2(&[[1.0, 2.0, f64::NAN], [4.0, 5.0, 6.0]]));
        let lower = arr2(&[[1.0, 0.0, 0.0], [4.0, 5.0, 0.0]]).into_dyn();
        let strict = arr2(&[[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]).into_dyn();
        assert_eq!((x.tril(0).value(), x.tril(-1).value()), (lower, strict));
        let upper = arr2(&[[1.0, 4.0], [0.0, 5.0], [0.0, 0.0]]).into_dyn();
        assert_eq!(x.t().triu(0).value(), upper);
    }

    #[test]
    fn a_row_has_no_triangle() {
        let tape = Tape::<f64>::new();
        let op = Triangle { upper: true, diagonal: 0 };
        assert_eq!(
            tape.try_apply(op, &[tape.zeros(&[2])]).unwrap_err().to_string(),
            "Triangle of [2]: a triangle is part of a matrix; give it two axes or more"
        );
    }
}
