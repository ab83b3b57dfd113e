//! Few connections, and a chosen spectral radius.

use super::{Init, matrix, normal::standard};
use crate::spectral;
use ndarray::{Array2, ArrayD};
use rand::{Rng, RngExt};
use tape::Real;

/// In each row of `W` `[in, out]`, `N(0, σ²)` in so many places drawn without repetition, and 0 elsewhere; then all of it
/// scaled to a spectral radius.
///
/// Few inputs to a unit make units different from each other (J. Martens, 2010, with 15). A spectral radius just below 1 lets
/// the state of a linear recurrence fade slowly: the echo state of H. Jaeger, 2001. The default is what R. Pascanu et al., 2013, begin
/// their experiments with: 15 of `N(0, 0.01²)`, radius 0.95.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sparse {
    /// Places in a row; a row with fewer is filled.
    pub per_row: usize,
    /// `σ`
    pub std: f64,
    /// The spectral radius, for square matrices; `None` leaves the scale as drawn. A matrix whose powers vanish has radius 0
    /// at any scale, and is left as drawn, too.
    pub radius: Option<f64>,
}

impl Default for Sparse {
    fn default() -> Self {
        Self { per_row: 15, std: 0.01, radius: Some(0.95) }
    }
}

impl Init for Sparse {
    /// # Panics
    /// For a radius, where the matrix is not square.
    fn sample<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> ArrayD<T> {
        let (rows, columns) = matrix(shape, "Sparse");
        let mut w = Array2::zeros((rows, columns));
        let mut places: Vec<usize> = (0..columns).collect();
        for mut row in w.rows_mut() {
            // The first of a shuffle: each choice is as likely as any other.
            for i in 0..self.per_row.min(columns) {
                places.swap(i, rng.random_range(i..columns));
                row[places[i]] = 1.0;
            }
        }
        let mut normal = standard(rng);
        w.iter_mut().filter(|x| **x != 0.0).for_each(|x| *x = self.std * normal());
        if let Some(radius) = self.radius {
            let drawn = spectral::radius(&w);
            if drawn > 0.0 {
                w *= radius / drawn;
            }
        }
        w.mapv(T::of).into_dyn()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn drawn(init: Sparse, shape: [usize; 2], seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        init.sample(&shape, &mut rng).into_dimensionality().unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn each_row_has_its_places_and_the_whole_its_radius() {
        let w = drawn(Sparse::default(), [50, 50], 41);
        for row in w.rows() {
            assert_eq!(row.iter().filter(|&&x| x != 0.0).count(), 15);
        }
        assert!((spectral::radius(&w) - 0.95).abs() < 1e-12);
    }

    #[test]
    fn every_place_is_as_likely() {
        let init = Sparse { per_row: 3, std: 1.0, radius: None };
        let w = drawn(init, [20_000, 10], 42);
        for column in w.columns() {
            let count = column.iter().filter(|&&x| x != 0.0).count() as f64;
            // Binomial with p = 3/10.
            assert!((count - 6000.0).abs() < 4.0 * (20_000.0_f64 * 0.3 * 0.7).sqrt(), "{count}");
        }
        let variance = w.mapv(|x| x * x).sum() / 60_000.0;
        assert!((variance - 1.0).abs() < 4.0 * (2.0 / 60_000.0_f64).sqrt(), "{variance}");
    }

    #[test]
    fn a_short_row_is_filled() {
        let w = drawn(Sparse { radius: None, ..Sparse::default() }, [4, 6], 43);
        assert!(w.iter().all(|&x| x != 0.0));
    }
}
