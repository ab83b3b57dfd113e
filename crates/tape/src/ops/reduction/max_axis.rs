//! `y = x[k*]`, `k* = argmax x` or `argmin x`: the extremum along an axis, and where it stands.
//!
//! ```text
//! x̄[k*] += ȳ
//! ```
//!
//! The first of equals takes it all, as in PyTorch's `max(dim)`; [`amax`](Var::amax) shares. A NaN is
//! preferred to every number. Nothing is recorded but a [gather](crate::ops::index::gather) and a reshape.

use super::{Axis, extremum::Extremum};
use crate::{Error, Real, Shape, Var, error::or_panic};
use ndarray::ArrayD;

impl<'t, T: Real> Var<'t, T> {
    /// Where the greatest elements along `axis` stand, the first of equals; a NaN counts as greatest.
    /// Nothing is recorded.
    ///
    /// # Panics
    /// When the axis has length 0 but the others have not.
    #[track_caller]
    pub fn argmax(self, axis: isize) -> ArrayD<usize> {
        or_panic(self.find("argmax", axis, Extremum::Greatest))
    }

    /// Where the least elements along `axis` stand, as [`argmax`](Var::argmax) finds the greatest.
    #[track_caller]
    pub fn argmin(self, axis: isize) -> ArrayD<usize> {
        or_panic(self.find("argmin", axis, Extremum::Least))
    }

    /// The greatest elements along `axis`, which disappears, and where they stand. The gradient goes there.
    #[track_caller]
    pub fn max_axis(self, axis: isize) -> (Self, ArrayD<usize>) {
        self.take(axis, or_panic(self.find("max_axis", axis, Extremum::Greatest)))
    }

    /// The least elements along `axis`, which disappears, and where they stand. The gradient goes there.
    #[track_caller]
    pub fn min_axis(self, axis: isize) -> (Self, ArrayD<usize>) {
        self.take(axis, or_panic(self.find("min_axis", axis, Extremum::Least)))
    }

    #[track_caller]
    fn take(self, axis: isize, found: ArrayD<usize>) -> (Self, ArrayD<usize>) {
        let kept = found.view().insert_axis(ndarray::Axis(self.axis("max_axis", axis)));
        (self.gather(axis, &kept).reshape(found.shape()), found)
    }

    fn find(self, op: &'static str, axis: isize, end: Extremum) -> Result<ArrayD<usize>, Error> {
        let shape = self.shape();
        let axis = Axis::resolve(op, axis, shape.len())?;
        let mut rest = Shape::from_slice(&shape);
        rest.remove(axis);
        if shape[axis] == 0 && rest.iter().all(|&n| n > 0) {
            return Err(Error::Argument {
                op,
                what: format!("axis {axis} of {:?} has no element", &shape[..]),
                remedy: "reduce over an axis that has a length",
            });
        }
        Ok(self.with(|x| {
            x.map_axis(ndarray::Axis(axis), |lane| {
                (1..lane.len())
                    .fold(0, |best, k| if end.prefers(lane[k], lane[best]) { k } else { best })
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::{arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        for shape in [&[4][..], &[2, 3, 4], &[1, 3], &[0, 2]] {
            let axis = shape.len() as isize - 1;
            crate::gradcheck::function(|_, x| x[0].max_axis(axis).0, &[wave(shape)]).assert();
            crate::gradcheck::function(|_, x| x[0].min_axis(-1).0, &[wave(shape)]).assert();
        }
    }

    #[test]
    fn the_first_of_equals_takes_the_gradient() {
        let tape = Tape::new();
        let x = tape.leaf(arr2(&[[1.0, 5.0, 5.0], [2.0, f64::NAN, 7.0]]));
        let (y, places) = x.max_axis(1);
        assert_eq!(places, arr1(&[1, 1]).into_dyn());
        assert!(y.value()[0] == 5.0 && y.value()[1].is_nan());
        let expected = arr2(&[[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]).into_dyn();
        assert_eq!(tape.backward(y.sum())[x], expected);
        assert_eq!(x.argmin(0), arr1(&[0, 1, 0]).into_dyn());
        assert_eq!(x.argmax(-1), places);
        assert_eq!(x.min_axis(0).1, x.argmin(0));
    }

    #[test]
    #[should_panic(
        expected = "max_axis: axis 0 of [0, 2] has no element; reduce over an axis that has a length"
    )]
    fn of_nothing_there_is_none() {
        Tape::<f64>::new().zeros(&[0, 2]).max_axis(0);
    }
}
