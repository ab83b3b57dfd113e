//! Weights that turn the state without stretching it.

use super::{Init, matrix, normal::standard};
use ndarray::{Array2, ArrayD, Zip, s};
use rand::Rng;
use tape::Real;

/// `W = g Q`, `Q` uniform among the matrices with orthonormal columns (`QᵀQ = I`) or, when `in < out`, rows.
///
/// For square `W`, `‖h W‖ = g ‖h‖` for every `h`, and so through any number of steps: neither the state nor the
/// adjoint of a linear recurrence explodes or vanishes at `g = 1`. (Saxe, McClelland & Ganguli, 2014)
///
/// `Q R` is the factorisation of a matrix of `N(0, 1)`, with the signs chosen so that `diag R > 0`: without that, `Q`
/// would depend on the habits of the algorithm, and not be uniform. (Mezzadri, 2007)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orthogonal {
    /// `g`: every singular value of `W`.
    pub gain: f64,
}

impl Default for Orthogonal {
    /// `g = 1`
    fn default() -> Self {
        Self { gain: 1.0 }
    }
}

impl Init for Orthogonal {
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        let (rows, columns) = matrix(shape, "Orthogonal");
        let mut draw = standard(rng);
        let drawn = Array2::from_shape_simple_fn((rows, columns), &mut draw);
        let q = if rows < columns {
            orthonormal(drawn.t().to_owned()).reversed_axes()
        } else {
            orthonormal(drawn)
        };
        q.mapv(|x| T::of(self.gain * x)).as_standard_layout().into_owned().into_dyn()
    }
}

/// `Q` of `A = Q R`, `A` `[m, n]`, `m ≥ n`, with `QᵀQ = I` and `diag R ≥ 0`, by the reflections of Householder (1958).
///
/// ```text
///   Hₖ = I − τₖ vₖ vₖᵀ      Hₙ₋₁ … H₁ H₀ A = R      Q = H₀ H₁ … Hₙ₋₁ I
/// ```
///
/// Unlike the columns that Gram and Schmidt find, a product of reflections is orthogonal whatever `A` is.
fn orthonormal(mut a: Array2<f64>) -> Array2<f64> {
    let (m, n) = a.dim();
    let mut reflections = Vec::with_capacity(n);
    for k in 0..n {
        let mut v = a.slice(s![k.., k]).to_owned();
        let norm = v.dot(&v).sqrt();
        // vₖ = x + sign(x₀) ‖x‖ e₀ never cancels; Hₖ x = −sign(x₀) ‖x‖ e₀ is the column of R.
        let sign = if v[0] < 0.0 { -1.0 } else { 1.0 };
        let tau = if norm > 0.0 { 1.0 / (norm * (norm + v[0].abs())) } else { 0.0 };
        v[0] += sign * norm;
        reflect(&v.view(), tau, a.slice_mut(s![k.., k..]));
        reflections.push((v, tau, -sign));
    }
    let mut q = Array2::eye(m).slice_move(s![.., ..n]);
    for (k, (v, tau, _)) in reflections.iter().enumerate().rev() {
        reflect(&v.view(), *tau, q.slice_mut(s![k.., k..]));
    }
    for (mut column, (_, _, sign)) in q.columns_mut().into_iter().zip(&reflections) {
        column *= *sign;
    }
    q
}

/// `A −= τ v (vᵀ A)`, along the rows of `A`, as they lie in memory.
fn reflect(v: &ndarray::ArrayView1<'_, f64>, tau: f64, mut a: ndarray::ArrayViewMut2<'_, f64>) {
    let mut projection = ndarray::Array1::<f64>::zeros(a.ncols());
    for (&v, row) in v.iter().zip(a.rows()) {
        projection.scaled_add(v, &row);
    }
    Zip::from(a.rows_mut()).and(v).for_each(|mut row, &v| row.scaled_add(-tau * v, &projection));
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn drawn(rows: usize, columns: usize, gain: f64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64((rows * 1000 + columns) as u64);
        let w = Orthogonal { gain }.sample::<f64>(&[rows, columns], &mut rng);
        assert!(w.is_standard_layout());
        w.into_dimensionality().unwrap_or_else(|e| panic!("{e}"))
    }

    fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
        (a - b).fold(0.0_f64, |worst, x| worst.max(x.abs()))
    }

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (rows, columns) in [(1, 1), (7, 3), (3, 7), (64, 64), (200, 100), (100, 200)] {
            let q = drawn(rows, columns, 1.0);
            let product = if rows < columns { q.dot(&q.t()) } else { q.t().dot(&q) };
            let worst = distance(&product, &Array2::eye(rows.min(columns)));
            assert!(worst < 1e-12, "[{rows}, {columns}] is off by {worst:e}");
        }
    }

    #[test]
    fn a_state_keeps_its_length_times_the_gain() {
        let w = drawn(32, 32, 1.5);
        let h = Array2::from_shape_fn((1, 32), |(_, j)| (j as f64).sin());
        let y = h.dot(&w);
        let (before, after) = ((&h * &h).sum().sqrt(), (&y * &y).sum().sqrt());
        assert!((after / before - 1.5).abs() < 1e-14);
    }

    #[test]
    fn the_factor_that_is_left_is_triangular_and_its_diagonal_positive() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut draw = standard(&mut rng);
        let a = Array2::from_shape_simple_fn((20, 12), &mut draw);
        let r = orthonormal(a.clone()).t().dot(&a);
        for ((i, j), &x) in r.indexed_iter() {
            assert!(if i == j { x > 0.1 } else { i < j || x.abs() < 1e-13 }, "R[{i}, {j}] = {x}");
        }
    }

    #[test]
    fn a_rotation_is_as_likely_as_a_reflection() {
        // Of an [1, 1] matrix the sign is all there is; always −1 were the signs of R left as they fall.
        let mut rng = ChaCha8Rng::seed_from_u64(10);
        let init = Orthogonal::default();
        let sum: f64 = (0..1000).map(|_| init.sample::<f64>(&[1, 1], &mut rng).sum()).sum();
        assert!(sum.abs() < 4.0 * 1000_f64.sqrt(), "{sum}");
    }

    #[test]
    fn a_matrix_without_full_rank_still_gives_an_orthogonal_one() {
        let q = orthonormal(Array2::zeros((4, 3)));
        assert!(distance(&q.t().dot(&q), &Array2::eye(3)) < 1e-15);
    }
}
