//! What may be put on a tape.

use crate::{Real, shape::Shape};
use ndarray::{ArrayBase, ArrayRef, Data, Dimension};

/// Anything that can be copied onto a tape as an array: a number, a fixed or growing list
/// (rank 1), or an `ndarray` array of any rank and layout, owned, viewed or borrowed.
pub trait Value<T> {
    /// The shape it will have on the tape.
    fn shape(&self) -> Shape;
    /// Writes the elements in row-major order: as many as the shape says.
    fn write(&self, out: &mut [T]);
}

impl<T: Real> Value<T> for T {
    fn shape(&self) -> Shape {
        Shape::new()
    }
    fn write(&self, out: &mut [T]) {
        out.fill(*self);
    }
}

macro_rules! list {
    ($($list:ty $(, const $n:ident)?;)*) => {$(
        impl<T: Real $(, const $n: usize)?> Value<T> for $list {
            fn shape(&self) -> Shape {
                Shape::from_slice(&[self.len()])
            }
            fn write(&self, out: &mut [T]) {
                out.copy_from_slice(&self[..]);
            }
        }
    )*};
}

list! {
    [T; N], const N;
    &[T; N], const N;
    &[T];
    Vec<T>;
    &Vec<T>;
}

fn write<T: Real, D: Dimension>(array: &ArrayRef<T, D>, out: &mut [T]) {
    match array.as_slice() {
        Some(slice) => out.copy_from_slice(slice),
        None => out.iter_mut().zip(array).for_each(|(out, &element)| *out = element),
    }
}

impl<T: Real, S: Data<Elem = T>, D: Dimension> Value<T> for ArrayBase<S, D> {
    fn shape(&self) -> Shape {
        Shape::from_slice(self.raw_dim().slice())
    }
    fn write(&self, out: &mut [T]) {
        write(self, out);
    }
}

impl<T: Real, S: Data<Elem = T>, D: Dimension> Value<T> for &ArrayBase<S, D> {
    fn shape(&self) -> Shape {
        Shape::from_slice(self.raw_dim().slice())
    }
    fn write(&self, out: &mut [T]) {
        write(self, out);
    }
}
