//! Elements that begin on a line of the cache, if they are many.
//!
//! A vector register is as wide as a line. Read from anywhere else it takes two of them, which doubles the time of a loop in
//! the first cache and is a quarter of one in the second; but an allocator gives lines to nobody. So memory is a line longer
//! than what is asked of it, and the elements begin within.

use crate::kernel::line::{first_line, per_line};
use ndarray::{Array1, ArrayD, IxDyn, s};
use std::ops::{Deref, DerefMut, Range};

/// Elements that are worth it.
const LONG: usize = 1 << 10;

/// Where elements begin in `memory`: on a line, if it is long.
#[inline]
pub(crate) fn beginning<T>(memory: &[T]) -> usize {
    if memory.len() < LONG { 0 } else { first_line(memory) }
}

/// See the [module](self). (No larger than a vector: a sweep moves them about.)
#[derive(Debug)]
pub(crate) struct Buffer<T>(Vec<T>);

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Buffer<T> {
    /// How many elements memory has that is for `len` of them.
    #[inline]
    pub(crate) fn room(len: usize) -> usize {
        if len < LONG { len } else { len + per_line::<T>() }
    }

    /// The elements that `memory` has [room](Self::room) for.
    #[inline]
    pub(crate) fn within(memory: Vec<T>) -> Self {
        Self(memory)
    }

    pub(crate) fn into_memory(self) -> Vec<T> {
        self.0
    }

    /// How many elements fit what has been allocated.
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Where the elements stand; what is before them and behind them may be anything.
    #[inline(always)]
    fn elements(&self) -> Range<usize> {
        let len = self.0.len();
        if len < LONG {
            return 0..len;
        }
        let start = first_line(&self.0);
        start..start + (len - per_line::<T>())
    }

    /// The elements as an array, where they are.
    pub(crate) fn into_array(self, shape: &[usize]) -> ArrayD<T> {
        let elements = self.elements();
        let array = if elements.len() == self.0.len() {
            ArrayD::from_shape_vec(IxDyn(shape), self.0)
        } else {
            let elements = Array1::from_vec(self.0).slice_move(s![elements]);
            elements.into_shape_with_order(IxDyn(shape))
        };
        match array {
            Ok(array) => array,
            Err(error) => unreachable!("a gradient fills the shape of its variable: {error}"),
        }
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.0[self.elements()]
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        let elements = self.elements();
        &mut self.0[elements]
    }
}

#[test]
fn many_elements_begin_on_a_line_and_few_where_they_are() {
    use crate::kernel::line::LINE;
    for len in [0, 1, 100, LONG - 1, LONG, LONG + 1, 5000] {
        let mut buffer = Buffer::within(vec![0.0_f32; Buffer::<f32>::room(len)]);
        assert_eq!(buffer.len(), len);
        assert!(len < LONG || cfg!(miri) || buffer.as_ptr().align_offset(LINE) == 0);
        buffer.fill(1.0);
        let (place, array) = (buffer.as_ptr(), buffer.into_array(&[len, 1]));
        assert_eq!((array.as_ptr(), array.shape()), (place, &[len, 1][..]));
        assert!(array.iter().all(|&x| x == 1.0));
    }
}
