//! How far a matrix stretches, once and again and again.
//!
//! ```text
//! ‖A‖₂ = max ‖A v‖ / ‖v‖ = √ρ(AᵀA)          the largest singular value        (1)
//! ρ(A) = max |λ| = lim ‖Aⁿ‖^(1/n)           the spectral radius (Gelfand)     (2)
//! ```
//!
//! Both are told by squaring: `A, A², A⁴, …`, each scaled to a largest entry of 1, and the scales remembered as
//! logarithms. There is no iteration that could stall on complex or equal eigenvalues. A matrix that is not normal
//! may stretch much (1) for a while though it shrinks everything in the end (2): `‖Aⁿ‖ ≥ ρ(A)ⁿ`, and it is the norm
//! of the product that an adjoint meets.

use ndarray::Array2;

/// So many squarings that 2⁻ᵏ is below the rounding of the result.
const SQUARINGS: i32 = 60;

/// `ρ(A)`, equation (2) of the [module](self); NaN if an entry is not finite, 0 for a matrix without entries.
///
/// ```
/// use ndarray::array;
/// let turn = array![[0.0, -0.5], [0.5, 0.0]]; // eigenvalues ±i/2
/// assert!((rnn::spectral::radius(&turn) - 0.5).abs() < 1e-14);
/// ```
///
/// # Panics
/// When the matrix is not square.
#[track_caller]
pub fn radius(a: &Array2<f64>) -> f64 {
    assert!(a.is_square(), "the spectral radius of a matrix {:?}: it must be square", a.shape());
    let (mut power, mut log) = (a.clone(), 0.0);
    for k in 0..SQUARINGS {
        let scale = largest(&power);
        if scale == 0.0 {
            return 0.0;
        }
        if !scale.is_finite() {
            return f64::NAN;
        }
        power /= scale;
        log += scale.ln() * 2.0_f64.powi(-k);
        power = power.dot(&power);
    }
    log.exp()
}

/// `‖A‖₂`, equation (1) of the [module](self); NaN if an entry is not finite.
pub fn norm(a: &Array2<f64>) -> f64 {
    let scale = largest(a);
    if scale == 0.0 || !scale.is_finite() {
        return if scale == 0.0 { 0.0 } else { f64::NAN };
    }
    let a = a / scale; // no square overflows or vanishes
    scale * radius(&a.t().dot(&a)).sqrt()
}

/// NaN is larger than anything here.
fn largest(a: &Array2<f64>) -> f64 {
    a.fold(0.0, |max, x| if x.abs() > max || x.is_nan() { x.abs() } else { max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_triangular_matrix_stretches_more_than_its_eigenvalues_say() {
        let a = array![[0.5, 10.0], [0.0, -0.25]];
        assert!((radius(&a) - 0.5).abs() < 1e-13);
        // σ² are the eigenvalues of AᵀA: trace 100.3125, determinant (0.125)².
        let (trace, determinant) = (100.3125_f64, 0.015625_f64);
        let sigma = ((trace + (trace * trace - 4.0 * determinant).sqrt()) / 2.0).sqrt();
        assert!((norm(&a) - sigma).abs() < 1e-13 * sigma);
    }

    #[test]
    fn what_vanishes_after_some_steps_has_no_radius() {
        assert_eq!(radius(&array![[0.0, 3.0], [0.0, 0.0]]), 0.0);
        assert!((norm(&array![[0.0, 3.0], [0.0, 0.0]]) - 3.0).abs() < 1e-14);
        assert_eq!(radius(&Array2::zeros((0, 0))), 0.0);
    }

    #[test]
    fn a_repeated_eigenvalue_without_a_second_vector_does_not_stall() {
        assert!((radius(&array![[0.9, 1.0], [0.0, 0.9]]) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn no_size_overflows_and_not_a_number_stays() {
        assert!((norm(&array![[3e200, 4e200]]) / 5e200 - 1.0).abs() < 1e-14);
        assert!((radius(&array![[1e-200]]) / 1e-200 - 1.0).abs() < 1e-12);
        assert!(
            radius(&array![[f64::NAN]]).is_nan() && norm(&array![[1.0, f64::INFINITY]]).is_nan()
        );
    }
}
