//! An adjoint in the making: the running sum of its terms.

use crate::{Real, pool::Pool};

/// What has arrived so far.
#[derive(Debug, Default)]
pub(crate) enum Running<T> {
    /// Nothing, which is zero.
    #[default]
    Zero,
    /// One number, which needs no memory of its own.
    Number(T),
    /// More, or fewer, in memory of the pool.
    Buffer(Vec<T>),
}

impl<T: Real> Running<T> {
    #[inline]
    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Self::Zero)
    }

    /// The terms that have arrived; none where nothing has.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::Zero => &[],
            Self::Number(number) => std::slice::from_ref(number),
            Self::Buffer(buffer) => buffer,
        }
    }

    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::Zero => &mut [],
            Self::Number(number) => std::slice::from_mut(number),
            Self::Buffer(buffer) => buffer,
        }
    }

    /// Adds a term of one number.
    #[inline]
    pub(crate) fn add_number(&mut self, term: T) {
        match self {
            Self::Zero => *self = Self::Number(term),
            Self::Number(sum) => *sum += term,
            Self::Buffer(buffer) => buffer.iter_mut().for_each(|sum| *sum += term),
        }
    }

    /// A sum of `len` elements of any value.
    pub(crate) fn rubbish(pool: &mut Pool<T>, len: usize) -> Self {
        match len {
            0 => Self::Zero,
            1 => Self::Number(T::ZERO),
            _ => Self::Buffer(pool.take(len)),
        }
    }

    /// The sum in a buffer, which is empty where nothing has arrived.
    pub(crate) fn into_buffer(self, pool: &mut Pool<T>) -> Vec<T> {
        match self {
            Self::Zero => Vec::new(),
            Self::Number(number) => {
                let mut buffer = pool.take(1);
                buffer[0] = number;
                buffer
            }
            Self::Buffer(buffer) => buffer,
        }
    }

    /// Of a buffer that is empty where nothing has arrived.
    pub(crate) fn of(buffer: Vec<T>, pool: &mut Pool<T>) -> Self {
        match buffer[..] {
            [] => Self::Zero,
            [number] => {
                pool.give(buffer);
                Self::Number(number)
            }
            _ => Self::Buffer(buffer),
        }
    }

    pub(crate) fn give_to(self, pool: &mut Pool<T>) {
        if let Self::Buffer(buffer) = self {
            pool.give(buffer);
        }
    }
}
