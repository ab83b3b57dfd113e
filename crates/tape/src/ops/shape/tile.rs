//! `y[i₀, i₁, …] = x[i₀ mod n₀, i₁ mod n₁, …]`, laid side by side as often as each axis says.
//!
//! ```text
//! x̄ += Σ ȳ, over the tiles
//! ```
//!
//! (PyTorch's `repeat` and `tile`, NumPy's `tile`.)

use super::rearrange::{Arrangement, Places, Rearrange, steps};
use crate::{Misfit, Real, Shape, Var};

/// See the [module](self): how often along each axis. Counts and axes are matched from the last one on; where
/// either is missing, it is 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile(pub Shape);

impl Arrangement for Tile {
    fn places(&self, x: &[usize]) -> Result<Places, Misfit> {
        let rank = x.len().max(self.0.len());
        let padded = |s: &[usize]| {
            let mut padded = Shape::from_elem(1, rank - s.len());
            padded.extend_from_slice(s);
            padded
        };
        let (lens, counts) = (padded(x), padded(&self.0));
        let sides = lens.iter().zip(&counts).map(|(&n, &count)| n.checked_mul(count));
        let Some(shape) = sides.collect::<Option<Shape>>() else {
            return Err(Misfit::new(
                format!(
                    "repeated {:?} times, it has an axis longer than can be counted",
                    &self.0[..]
                ),
                "repeat it less often",
            ));
        };
        let tiles = lens.iter().zip(&counts).zip(steps(&lens));
        let axes = tiles.flat_map(|((&n, &count), step)| [(count, 0), (n, step)]).collect();
        Ok(Places { shape, start: 0, axes })
    }
}

impl<T: Real> Var<'_, T> {
    /// Repeated `counts` times along each axis, new axes being put in front as needed.
    ///
    /// # Panics
    /// When the result would have more elements than can be counted.
    #[track_caller]
    pub fn tile(self, counts: impl AsRef<[usize]>) -> Self {
        self.apply(Rearrange(Tile(Shape::from_slice(counts.as_ref()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};

    #[test]
    fn backward_matches_central_differences() {
        for (shape, counts) in [
            (&[2, 3][..], &[2, 2][..]),
            (&[2], &[3, 1, 2]),
            (&[2, 3], &[2]),
            (&[], &[4]),
            (&[2, 0], &[1, 3]),
            (&[2, 1], &[0, 3]),
        ] {
            crate::gradcheck::op(Rearrange(Tile(counts.into())), &[wave(shape)]).assert();
        }
    }

    #[test]
    fn tiles_are_laid_along_both_axes() {
        let (tape, x) = (Tape::new(), wave(&[2, 3]));
        let y = tape.leaf(&x).tile([2, 3, 2]).value();
        assert_eq!(y.shape(), [2, 6, 6]);
        assert!(y.indexed_iter().all(|(i, y)| *y == x[[i[1] % 2, i[2] % 3]]));
    }

    #[test]
    fn more_than_can_be_counted_is_refused() {
        let tape = Tape::<f64>::new();
        let error = |counts: &[usize]| {
            let tile = Rearrange(Tile(counts.into()));
            tape.try_apply(tile, &[tape.zeros(&[2, 2])]).unwrap_err().to_string()
        };
        let huge = usize::MAX / 2 + 1;
        assert_eq!(
            error(&[huge, 1]),
            format!(
                "Tile of [2, 2]: repeated [{huge}, 1] times, it has an axis longer than can be counted; \
                 repeat it less often"
            )
        );
        assert!(error(&[huge / 2, 8]).contains("more elements than can be counted"));
    }
}
