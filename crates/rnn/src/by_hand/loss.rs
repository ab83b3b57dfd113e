//! What a step costs, and how the costs of steps and rows become one number.
//!
//! Lₜ is the loss of one row of one step, oₜ its output, and ρₜ the weight it has in the
//! total, fixed before the forward pass.
//!
//! ```text
//! L  = Σₜ Σ_rows ρₜ Lₜ                                            (1)
//! eₜ = ρₜ ∂Lₜ/∂oₜ                                                 (2)
//!
//! squared error      Lₜ = ½‖oₜ − yₜ‖²           ∂Lₜ/∂oₜ = oₜ − yₜ           (3)
//!   without the ½    Lₜ = ‖oₜ − yₜ‖²            ∂Lₜ/∂oₜ = 2(oₜ − yₜ)        (4)
//! cross-entropy      Lₜ = log Σⱼ eᵒʲ − oₖ        ∂Lₜ/∂oₜ = softmax(oₜ) − 1ₖ  (5)
//!   with m = maxⱼ oⱼ       log Σⱼ eᵒʲ = m + log Σⱼ eᵒʲ⁻ᵐ                     (6)
//! linear             Lₜ = ⟨gₜ, oₜ⟩               ∂Lₜ/∂oₜ = gₜ                (7)
//! ```
//!
//! The shift of (6) keeps every exponent ≤ 0, so that nothing overflows.

use ndarray::{Array1, Array2, Array3, ArrayView1, Axis, NdFloat};

/// The loss of one step, with what it is measured against.
#[derive(Debug, Clone, PartialEq)]
pub enum Loss<F> {
    /// Equation (3), or (4) when not `half`.
    SquaredError {
        /// Whether the factor ½ is there.
        half: bool,
        /// y `[T, B, O]`.
        targets: Array3<F>,
    },
    /// Equation (5): the softmax and the negative log-likelihood in one.
    SoftmaxCrossEntropy {
        /// k `[T, B]`, each below O.
        classes: Array2<usize>,
    },
    /// Equation (7): the adjoint of every output is given. With it the gradient is a
    /// vector–Jacobian product of the network itself.
    Linear {
        /// g `[T, B, O]`.
        adjoints: Array3<F>,
    },
}

impl<F: NdFloat> Loss<F> {
    /// Equations (1) and (2) for the rows of one step, of outputs o `[B, O]` and weights ρₜ `[B]`: its part of L,
    /// and eₜ `[B, O]`. A row of weight 0 is not looked at. t counts from 0 here.
    ///
    /// # Panics
    /// As [`of_row`](Self::of_row).
    pub fn of_step(&self, t: usize, weights: ArrayView1<'_, F>, o: &Array2<F>) -> (F, Array2<F>) {
        let (mut sum, mut error) = (F::zero(), Array2::zeros(o.dim()));
        for (row, &weight) in weights.iter().enumerate() {
            if weight != F::zero() {
                let (loss, e) = self.of_row(t, row, o.row(row));
                sum += weight * loss; // (1)
                error.row_mut(row).assign(&(e * weight)); // (2)
            }
        }
        (sum, error)
    }

    /// Lₜ and ∂Lₜ/∂oₜ `[O]` of one row; t counts from 0 here.
    ///
    /// # Panics
    /// If `t`, `row`, the length of `o` or a class lies outside the targets' shape.
    pub fn of_row(&self, t: usize, row: usize, o: ArrayView1<'_, F>) -> (F, Array1<F>) {
        match self {
            Self::SquaredError { half, targets } => {
                let e = &o - &targets.index_axis(Axis(0), t).row(row);
                let square = e.dot(&e);
                let two = F::one() + F::one();
                if *half { (square / two, e) } else { (square, e * two) } // (3), (4)
            }
            Self::SoftmaxCrossEntropy { classes } => {
                let k = classes[[t, row]];
                let m = o.fold(F::neg_infinity(), |m, &o| m.max(o));
                let mut p = o.mapv(|o| (o - m).exp());
                let sum = p.sum();
                let loss = m + sum.ln() - o[k]; // (5), (6)
                p /= sum;
                p[k] -= F::one(); // (5)
                (loss, p)
            }
            Self::Linear { adjoints } => {
                let g = adjoints.index_axis(Axis(0), t).row(row).to_owned();
                (g.dot(&o), g) // (7)
            }
        }
    }
}

/// How the losses of the steps are put together: the part of ρₜ that depends on time.
/// mₜ is the mask, 1 everywhere if there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// ρₜ = mₜ.
    Sum,
    /// ρₜ = mₜ/T. T is the length of the sequence, whatever the mask says.
    MeanOverTime,
    /// ρₜ = mₜ at t = T, 0 before: one answer after the whole sequence.
    Last,
    /// ρₜ = mₜ / Σ m, the sum taken over steps and rows together. The rows are in the
    /// divisor already, so [`Rows`] has no say here. All weights are 0 if the mask is.
    MaskedMean,
}

/// How the losses of a batch's rows are put together: the part of ρₜ that depends on B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Factor 1: the gradient is the sum of the rows' gradients.
    Sum,
    /// Factor 1/B: the gradient is the mean of the rows' gradients.
    Mean,
}

impl Reduction {
    /// The weights ρ `[T, B]` of equation (1).
    ///
    /// # Panics
    /// If the mask is not `[T, B]`.
    pub fn weights<F: NdFloat>(
        self,
        rows: Rows,
        mask: Option<&Array2<F>>,
        (steps, batch): (usize, usize),
    ) -> Array2<F> {
        let mut weights = match mask {
            Some(mask) => mask.clone(),
            None => Array2::ones((steps, batch)),
        };
        assert_eq!(weights.dim(), (steps, batch), "the mask is [T, B]");
        match self {
            Self::Sum => {}
            Self::MeanOverTime => weights /= count::<F>(steps),
            Self::Last => {
                weights.indexed_iter_mut().for_each(|((t, _), weight)| {
                    if t + 1 < steps {
                        *weight = F::zero();
                    }
                });
            }
            Self::MaskedMean => {
                let sum = weights.sum();
                if sum != F::zero() {
                    weights /= sum;
                }
                return weights;
            }
        }
        if rows == Rows::Mean {
            weights /= count::<F>(batch);
        }
        weights
    }
}

/// n as a float, exactly while n fits its mantissa.
fn count<F: NdFloat>(n: usize) -> F {
    (0..n).fold(F::zero(), |sum, _| sum + F::one())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_huge_logit_does_not_overflow() {
        let loss = Loss::SoftmaxCrossEntropy { classes: array![[1]] };
        let (value, e) = loss.of_row(0, 0, array![1e308, 0.0, 1e308].view());
        assert_eq!(value, 1e308);
        assert_eq!(e, array![0.5, -1.0, 0.5]);
    }

    #[test]
    fn a_masked_mean_is_one_mean_over_all_that_counts() {
        let mask = array![[1.0, 1.0], [1.0, 0.0]];
        let weights = Reduction::MaskedMean.weights(Rows::Mean, Some(&mask), (2, 2));
        assert_eq!(weights, mask / 3.0);
    }

    #[test]
    fn a_mask_of_zeros_weighs_nothing() {
        let mask = Array2::<f64>::zeros((2, 2));
        assert_eq!(Reduction::MaskedMean.weights(Rows::Sum, Some(&mask), (2, 2)), mask);
    }

    #[test]
    fn a_mean_over_time_and_rows_divides_by_both() {
        let weights = Reduction::MeanOverTime.weights::<f32>(Rows::Mean, None, (4, 2));
        assert!(weights.iter().all(|&weight| weight == 0.125));
    }
}
