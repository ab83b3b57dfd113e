//! `y[…, k] = x[…, k + max(−o, 0), …, k + max(o, 0), …]`, the diagonal of two axes, `o` above the main one.
//!
//! ```text
//! x̄, along the diagonal += ȳ
//! ```
//!
//! A diagonal beside the array is empty.

use super::rearrange::{Arrangement, Places, Rearrange, steps};
use crate::{Misfit, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagonal {
    /// How far above the main diagonal; negative below.
    pub offset: isize,
    /// The axes of rows and columns, counted from the front.
    pub axes: (usize, usize),
}

impl Arrangement for Diagonal {
    fn places(&self, x: &[usize]) -> Result<Places, Misfit> {
        let (row, col) = self.axes;
        if row == col || row.max(col) >= x.len() {
            return Err(Misfit::new(
                format!("{row} and {col} are not two axes of {}", x.len()),
                "name the axes of rows and columns",
            ));
        }
        let steps = steps(x);
        let away = self.offset.unsigned_abs();
        let (down, right) = if self.offset < 0 { (away, 0) } else { (0, away) };
        let len = x[row].saturating_sub(down).min(x[col].saturating_sub(right));
        let others = (0..x.len()).filter(|&axis| axis != row && axis != col);
        let mut axes: smallvec::SmallVec<[_; 6]> =
            others.map(|axis| (x[axis], steps[axis])).collect();
        axes.push((len, steps[row] + steps[col]));
        let start =
            if len == 0 { 0 } else { down * steps[row] as usize + right * steps[col] as usize };
        Ok(Places { shape: axes.iter().map(|&(n, _)| n).collect::<Shape>(), start, axes })
    }
}

impl<T: Real> Var<'_, T> {
    /// The diagonal of the axes `row` and `col`, which make room for one at the end; `offset` 0 is the main
    /// one, 1 that above it. `-1` is the last axis.
    #[track_caller]
    pub fn diagonal(self, offset: isize, row: isize, col: isize) -> Self {
        let axes = (self.axis("Diagonal", row), self.axis("Diagonal", col));
        self.apply(Rearrange(Diagonal { offset, axes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::{arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in [(&[3, 4][..], (0, 1)), (&[2, 3, 3], (2, 0)), (&[0, 2], (0, 1))] {
            for offset in [-2, -1, 0, 1, 3, 9] {
                crate::gradcheck::op(Rearrange(Diagonal { offset, axes }), &[wave(shape)]).assert();
            }
        }
    }

    #[test]
    fn diagonals_stand_above_and_below() {
        let tape = Tape::new();
        let x = tape.leaf(arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
        for (offset, expected) in
            [(0, vec![1.0, 5.0]), (1, vec![2.0, 6.0]), (-1, vec![4.0]), (2, vec![3.0]), (5, vec![])]
        {
            assert_eq!(x.diagonal(offset, 0, 1).value(), arr1(&expected).into_dyn());
            assert_eq!(x.t().diagonal(-offset, -2, -1).value(), arr1(&expected).into_dyn());
        }
    }

    #[test]
    fn beyond_every_corner_a_diagonal_is_empty() {
        let tape = Tape::<f64>::new();
        let x = tape.zeros(&[2, 3]);
        for offset in [isize::MIN, isize::MAX] {
            assert_eq!(x.diagonal(offset, 0, 1).shape()[..], [0]);
        }
    }

    #[test]
    fn one_axis_has_no_diagonal() {
        let tape = Tape::<f64>::new();
        let op = Rearrange(Diagonal { offset: 0, axes: (1, 1) });
        assert_eq!(
            tape.try_apply(op, &[tape.zeros(&[2, 2])]).unwrap_err().to_string(),
            "Diagonal of [2, 2]: 1 and 1 are not two axes of 2; name the axes of rows and columns"
        );
    }
}
