//! `y = Σ aₖ bₖ` of two vectors, `Yᵢⱼ = aᵢ bⱼ` of two vectors, `y = Σ Xᵢᵢ` of a matrix: products with a name.
//!
//! ```text
//! dot:    ā += ȳ b         b̄ += ȳ a
//! outer:  ā += Ȳ b         b̄ += Ȳᵀ a
//! trace:  X̄ᵢᵢ += ȳ
//! ```
//!
//! None is an op of its own: a dot product is a [product](super::matmul) of vectors, an outer product one of a column
//! and a row, and a trace the sum of a [diagonal](crate::ops::shape::diagonal). So are a matrix times a vector and
//! a batch of products ([`matmul`](Var::matmul)), and `C + A B` ([`affine`](Var::affine)).

use crate::{Error, Real, Var, error::or_panic};

impl<'t, T: Real> Var<'t, T> {
    /// `Σ aₖ bₖ`: `[n] · [n] → []`.
    ///
    /// # Panics
    /// Unless both are vectors of one length.
    #[track_caller]
    pub fn dot(self, other: Var<'t, T>) -> Var<'t, T> {
        self.vectors("dot", other);
        self.matmul(other)
    }

    /// `aᵢ bⱼ`: `[m], [n] → [m, n]`. (Two reshapes, which share memory, and a product.)
    ///
    /// # Panics
    /// Unless both are vectors.
    #[track_caller]
    pub fn outer(self, other: Var<'t, T>) -> Var<'t, T> {
        self.vectors("outer", other);
        self.unsqueeze(1).matmul(other.unsqueeze(0))
    }

    /// `Σ Xᵢᵢ` over the last two axes: `[…, m, n] → […]`. (Two nodes, a diagonal and a sum.)
    #[track_caller]
    pub fn trace(self) -> Var<'t, T> {
        self.diagonal(0, -2, -1).sum_axis(-1)
    }

    #[track_caller]
    fn vectors(self, op: &'static str, other: Var<'t, T>) {
        let (a, b) = (self.shape(), other.shape());
        if a.len() != 1 || b.len() != 1 {
            or_panic::<()>(Err(Error::Argument {
                op,
                what: format!("{:?} and {:?} are not two vectors", &a[..], &b[..]),
                remedy: "use `matmul` for matrices, `flatten` to make a vector",
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, gradcheck::function as check, ops::reduction::examples::wave};
    use ndarray::arr2;

    #[test]
    fn backward_matches_central_differences() {
        for (m, n) in [(3, 4), (1, 1), (0, 2), (2, 0)] {
            check(|_, x| x[0].outer(x[1]), &[wave(&[m]), wave(&[n])]).assert();
            check(|_, x| x[0].dot(x[1]), &[wave(&[m]), wave(&[m]) * 2.0]).assert();
            check(|_, x| x[0].trace(), &[wave(&[m, n])]).assert();
        }
        check(|_, x| x[0].trace(), &[wave(&[2, 3, 3])]).assert();
    }

    #[test]
    fn products_of_vectors_are_small_products_of_matrices() {
        let tape = Tape::new();
        let (a, b) = (tape.leaf([1.0, 2.0]), tape.leaf([3.0, 5.0]));
        assert_eq!(a.dot(b).item(), 13.0);
        assert_eq!(a.outer(b).value(), arr2(&[[3.0, 5.0], [6.0, 10.0]]).into_dyn());
        assert_eq!(a.outer(b).trace().item(), 13.0);
    }

    #[test]
    #[should_panic(expected = "dot: [2, 2] and [2] are not two vectors; use `matmul` for matrices")]
    fn a_matrix_has_no_dot_product() {
        let tape = Tape::<f64>::new();
        tape.zeros(&[2, 2]).dot(tape.zeros(&[2]));
    }

    #[test]
    #[should_panic(expected = "Transpose: axis -2 of an array of rank 1")]
    fn a_vector_has_no_trace() {
        Tape::<f64>::new().zeros(&[2]).t().trace();
    }
}
