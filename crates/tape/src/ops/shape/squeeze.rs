//! `y = x`, with an axis of length 1 less or more, or all axes in one.
//!
//! ```text
//! x̄ += ȳ, read with the axes of x
//! ```
//!
//! Each is one [reshape](super::reshape), which shares the memory of its input.

use crate::{Error, Real, Shape, Var, error::or_panic, ops::reduction::Axis};

impl<T: Real> Var<'_, T> {
    /// Without `axis`, which must have length 1; `-1` is the last.
    ///
    /// # Panics
    /// When the axis has another length, as in NumPy and JAX (PyTorch leaves it alone).
    #[track_caller]
    pub fn squeeze(self, axis: isize) -> Self {
        let mut shape = self.shape();
        let axis = self.axis("squeeze", axis);
        if shape[axis] != 1 {
            or_panic::<()>(Err(Error::Argument {
                op: "squeeze",
                what: format!("axis {axis} of {:?} has length {}, not 1", &shape[..], shape[axis]),
                remedy: "reduce or slice it first",
            }));
        }
        shape.remove(axis);
        self.reshape(shape)
    }

    /// Without any axis of length 1.
    #[track_caller]
    pub fn squeeze_all(self) -> Self {
        self.reshape(self.shape().into_iter().filter(|&n| n != 1).collect::<Shape>())
    }

    /// With a new axis of length 1, which becomes number `axis` of the result; `-1` puts it last.
    #[track_caller]
    pub fn unsqueeze(self, axis: isize) -> Self {
        let mut shape = self.shape();
        shape.insert(or_panic(Axis::resolve("unsqueeze", axis, shape.len() + 1)), 1);
        self.reshape(shape)
    }

    /// All its elements along one axis.
    #[track_caller]
    pub fn flatten(self) -> Self {
        self.reshape([crate::shape::len(&self.shape())])
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, gradcheck::function as check, ops::reduction::examples::wave};

    #[test]
    fn backward_matches_central_differences() {
        for shape in [&[2, 1, 3, 1][..], &[1], &[0, 1]] {
            check(|_, x| x[0].unsqueeze(0).square(), &[wave(shape)]).assert();
            check(|_, x| x[0].squeeze(-1 + (shape.len() == 1) as isize), &[wave(shape)]).assert();
            check(|_, x| x[0].flatten(), &[wave(shape)]).assert();
        }
    }

    #[test]
    fn axes_of_length_1_come_and_go() {
        let tape = Tape::<f64>::new();
        let x = tape.zeros(&[2, 1, 3, 1]);
        assert_eq!(x.squeeze(1).shape()[..], [2, 3, 1]);
        assert_eq!(x.squeeze(-1).shape()[..], [2, 1, 3]);
        assert_eq!(x.squeeze_all().shape()[..], [2, 3]);
        assert_eq!(x.unsqueeze(0).shape()[..], [1, 2, 1, 3, 1]);
        assert_eq!(x.unsqueeze(-1).shape()[..], [2, 1, 3, 1, 1]);
        assert_eq!(x.unsqueeze(-3).shape()[..], [2, 1, 1, 3, 1]);
        assert_eq!(x.flatten().shape()[..], [6]);
        assert_eq!(tape.zeros(&[]).unsqueeze(0).flatten().shape()[..], [1]);
    }

    #[test]
    #[should_panic(
        expected = "squeeze: axis 1 of [2, 3] has length 3, not 1; reduce or slice it first"
    )]
    fn a_longer_axis_cannot_be_squeezed() {
        Tape::<f64>::new().zeros(&[2, 3]).squeeze(-1);
    }

    #[test]
    #[should_panic(expected = "unsqueeze: axis 4 of an array of rank 3")]
    fn a_new_axis_needs_a_place() {
        Tape::<f64>::new().zeros(&[2, 3]).unsqueeze(4);
    }
}
