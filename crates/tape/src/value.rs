//! What may be put on a tape.

use crate::{Real, shape::Shape};
use ndarray::{ArrayBase, ArrayD, ArrayRef, Data, Dimension};
use std::sync::Arc;

/// Anything that can be put on a tape as an array: a number, a fixed or growing list
/// (rank 1), or an `ndarray` array of any rank and layout, owned, viewed or borrowed. It is copied; only an array in an
/// [`Arc`] is read where it is, which spares a copy of the data at every step of a training:
///
/// ```
/// use std::sync::Arc;
///
/// let data = Arc::new(ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn());
/// let tape = tape::Tape::<f64>::new();
/// assert_eq!(tape.constant(&data).sum().item(), 10.0);
/// ```
pub trait Value<T> {
    /// The shape it will have on the tape.
    fn shape(&self) -> Shape;
    /// Writes the elements in row-major order: as many as the shape says.
    fn write(&self, out: &mut [T]);
    /// The array itself, if the tape may share it.
    fn shared(&self) -> Option<&Arc<ArrayD<T>>> {
        None
    }
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

impl<T: Real> Value<T> for &Arc<ArrayD<T>> {
    fn shape(&self) -> Shape {
        Shape::from_slice(ArrayD::shape(self))
    }
    fn write(&self, out: &mut [T]) {
        write(self, out);
    }
    fn shared(&self) -> Option<&Arc<ArrayD<T>>> {
        Some(self)
    }
}

#[test]
fn a_shared_array_is_read_where_it_is_and_stays_what_it_was() {
    let numbers = |first| ndarray::arr2(&[[first, 2.0], [3.0, 4.0]]).into_dyn();
    let mut data = Arc::new(numbers(1.0));
    let mut tape = crate::Tape::<f64>::new();
    let (x, y) = (tape.leaf(&data), tape.constant(&data));
    assert_eq!(Arc::strong_count(&data), 3);
    let product = x * y;
    Arc::make_mut(&mut data)[[0, 0]] = 9.0;
    assert_eq!(tape.backward(product.sum())[x], numbers(1.0));
    // What stands in another order is copied.
    let turned = Arc::new(numbers(1.0).reversed_axes());
    assert_eq!(tape.constant(&turned).value(), *turned);
    assert_eq!(Arc::strong_count(&turned), 1);
    tape.clear();
    assert_eq!(Arc::strong_count(&data), 1);
}
