//! `y₀, y₁, … = x`, cut into pieces along one axis.
//!
//! ```text
//! x̄, the stretch of piece i += ȳᵢ
//! ```
//!
//! Each piece is one [slice](super::slice), and shares the memory of its input along the first axis.

use crate::{Error, Real, Var, error::or_panic};

impl<'t, T: Real> Var<'t, T> {
    /// Pieces of length `size` along `axis`, the last one perhaps shorter; none of an empty axis but
    /// one empty piece.
    ///
    /// # Panics
    /// When `size` is 0.
    #[track_caller]
    pub fn split(self, axis: isize, size: usize) -> Vec<Self> {
        let n = self.length("split", axis, size);
        let ends =
            (0..n.max(1)).step_by(size).map(|start| (start, n.min(start.saturating_add(size))));
        ends.map(|(start, end)| self.slice(axis, start..end)).collect()
    }

    /// At most `count` pieces of equal length along `axis`, the last one perhaps shorter: as many as there
    /// are pieces of length `⌈n / count⌉`, as in PyTorch.
    ///
    /// # Panics
    /// When `count` is 0.
    #[track_caller]
    pub fn chunk(self, axis: isize, count: usize) -> Vec<Self> {
        let n = self.length("chunk", axis, count);
        self.split(axis, n.div_ceil(count).max(1))
    }

    /// Pieces of lengths `sizes` along `axis`.
    ///
    /// # Panics
    /// When they do not add up to its length.
    #[track_caller]
    pub fn split_at(self, axis: isize, sizes: &[usize]) -> Vec<Self> {
        let shape = self.shape();
        let n = shape[self.axis("split_at", axis)];
        let sum = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        if sum != Some(n) {
            or_panic::<()>(Err(Error::Argument {
                op: "split_at",
                what: format!(
                    "{sizes:?} do not add up to {n}, the length of axis {axis} of {:?}",
                    &shape[..]
                ),
                remedy: "give the lengths of all pieces",
            }));
        }
        let mut start = 0;
        let mut piece = |&size| {
            start += size;
            self.slice(axis, start - size..start)
        };
        sizes.iter().map(&mut piece).collect()
    }

    /// The parts at every index of `axis`, which disappears.
    #[track_caller]
    pub fn unbind(self, axis: isize) -> Vec<Self> {
        let n = self.shape()[self.axis("unbind", axis)];
        (0..n).map(|index| self.select(axis, index)).collect()
    }

    /// The length of an axis that is to be cut by a number.
    #[track_caller]
    fn length(self, op: &'static str, axis: isize, by: usize) -> usize {
        let (shape, n) = (self.shape(), self.axis(op, axis));
        if by == 0 {
            or_panic::<()>(Err(Error::Argument {
                op,
                what: format!("0 cuts nothing, not axis {axis} of {:?} either", &shape[..]),
                remedy: "ask for 1 or more",
            }));
        }
        shape[n]
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Var, ops::reduction::examples::wave};

    #[test]
    fn backward_matches_central_differences() {
        type Cut = for<'t> fn(Var<'t, f64>, isize) -> Vec<Var<'t, f64>>;
        /// Each piece counts differently.
        fn sum<'t>(pieces: Vec<Var<'t, f64>>) -> Var<'t, f64> {
            let zero = pieces[0].tape().constant(0.0);
            (1..).zip(pieces).fold(zero, |sum, (i, y)| sum + y.square().sum() * i as f64)
        }
        let cuts: [Cut; 4] = [
            |x, axis| x.split(axis, 2),
            |x, axis| x.chunk(axis, 2),
            |x, axis| x.split_at(axis, &[1, 0, 2]),
            |x, axis| x.unbind(axis),
        ];
        for cut in cuts {
            for (shape, axis) in [(&[3, 2][..], 0), (&[2, 3], 1), (&[3], 0), (&[3, 0], 0)] {
                crate::gradcheck::function(|_, x| sum(cut(x[0], axis)), &[wave(shape)]).assert();
            }
        }
    }

    #[test]
    fn pieces_are_as_long_as_pytorch_makes_them() {
        let tape = Tape::<f64>::new();
        let x = tape.zeros(&[5, 2]);
        let lens = |pieces: Vec<Var<'_, f64>>| -> Vec<usize> {
            pieces.into_iter().map(|y| y.shape()[0]).collect()
        };
        assert_eq!(lens(x.split(0, 2)), [2, 2, 1]);
        assert_eq!(lens(x.split(0, 9)), [5]);
        assert_eq!(lens(x.chunk(0, 3)), [2, 2, 1]);
        assert_eq!(lens(x.chunk(0, 4)), [2, 2, 1]);
        assert_eq!(lens(tape.zeros(&[0, 2]).split(0, 3)), [0]);
        assert_eq!(x.unbind(1).len(), 2);
        assert_eq!(x.unbind(1)[0].shape()[..], [5]);
    }

    #[test]
    fn pieces_along_the_first_axis_share_its_memory() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(ndarray::Array2::ones((100, 100)));
        let before = tape.bytes();
        x.split(0, 50);
        assert!(tape.bytes() - before < 10_000 * size_of::<f64>());
    }

    #[test]
    #[should_panic(
        expected = "split_at: [2, 2] do not add up to 5, the length of axis 0 of [5]; give the lengths"
    )]
    fn pieces_must_add_up() {
        Tape::<f64>::new().zeros(&[5]).split_at(0, &[2, 2]);
    }

    #[test]
    #[should_panic(expected = "chunk: 0 cuts nothing, not axis 0 of [5] either; ask for 1 or more")]
    fn no_pieces_are_none() {
        Tape::<f64>::new().zeros(&[5]).chunk(0, 0);
    }
}
