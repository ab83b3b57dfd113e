//! An adjoint in the making: the running sum of its terms.

use crate::{Real, buffer::Buffer, pool::Pool};
use std::{mem::take, ops::Range};

/// What has arrived so far.
#[derive(Debug, Default)]
pub(crate) enum Running<T> {
    /// Nothing, which is zero.
    #[default]
    Zero,
    /// One number, which needs no memory of its own.
    Number(T),
    /// More, or fewer, in memory of the pool.
    Buffer(Buffer<T>),
    /// The same, but only this stretch has been written so far. The rest is zero, and the memory holds anything: what is
    /// put together from parts that touch, as the steps of a sequence do, never needs to be cleared.
    Part(Buffer<T>, Range<usize>),
    /// A stretch of a longer one, which is still to be fetched: see [`postponed`](crate::postponed).
    Postponed(u64, Range<usize>),
    /// Nothing that is still to be handed on: what has arrived stands in the adjoint of the whole that the node is a part of.
    Within,
}

impl<T: Real> Running<T> {
    #[inline]
    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Self::Zero)
    }

    /// The terms that have arrived; none where nothing has, or where they are to be fetched.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::Zero | Self::Within | Self::Postponed(..) => &[],
            Self::Number(number) => std::slice::from_ref(number),
            Self::Buffer(buffer) | Self::Part(buffer, _) => buffer,
        }
    }

    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::Zero | Self::Within | Self::Postponed(..) => &mut [],
            Self::Number(number) => std::slice::from_mut(number),
            Self::Buffer(buffer) | Self::Part(buffer, _) => buffer,
        }
    }

    /// Adds a term of one number.
    #[inline]
    pub(crate) fn add_number(&mut self, term: T) {
        match self {
            Self::Zero | Self::Within => *self = Self::Number(term),
            Self::Number(sum) => *sum += term,
            Self::Buffer(_) | Self::Part(..) | Self::Postponed(..) => {
                self.complete();
                self.as_mut_slice().iter_mut().for_each(|sum| *sum += term);
            }
        }
    }

    /// Adds a term that has a part of the elements only, from `start` on, to a sum of more than one.
    pub(crate) fn add_part(&mut self, start: usize, terms: &[T]) {
        let end = start + terms.len();
        match self {
            Self::Part(buffer, known) if known.end == start || known.start == end => {
                buffer[start..end].copy_from_slice(terms);
                *known = known.start.min(start)..known.end.max(end);
                if known.len() == buffer.len() {
                    *self = Self::Buffer(take(buffer));
                }
            }
            _ => {
                self.complete();
                let terms = self.as_mut_slice()[start..end].iter_mut().zip(terms);
                T::vectorize(
                    #[inline(always)]
                    || terms.for_each(|(sum, &term)| *sum += term),
                );
            }
        }
    }

    /// Writes down the zeros of a part.
    pub(crate) fn complete(&mut self) {
        if let Self::Part(buffer, known) = self {
            buffer[..known.start].fill(T::ZERO);
            buffer[known.end..].fill(T::ZERO);
            *self = Self::Buffer(take(buffer));
        }
    }

    /// A sum of `len` elements of any value.
    #[inline(always)]
    pub(crate) fn rubbish(pool: &mut Pool<T>, len: usize) -> Self {
        match len {
            0 => Self::Zero,
            1 => Self::Number(T::ZERO),
            _ => Self::Buffer(pool.take(len)),
        }
    }

    /// The sum in a buffer, which is empty where nothing has arrived.
    pub(crate) fn into_buffer(mut self, pool: &mut Pool<T>) -> Buffer<T> {
        self.complete();
        match self {
            Self::Zero | Self::Within | Self::Postponed(..) => Buffer::default(),
            Self::Number(number) => {
                let mut buffer = pool.take(1);
                buffer[0] = number;
                buffer
            }
            Self::Buffer(buffer) | Self::Part(buffer, _) => buffer,
        }
    }

    /// Of a buffer that is empty where nothing has arrived.
    pub(crate) fn of(buffer: Buffer<T>, pool: &mut Pool<T>) -> Self {
        match buffer[..] {
            [] => Self::Zero,
            [number] => {
                pool.give(buffer);
                Self::Number(number)
            }
            _ => Self::Buffer(buffer),
        }
    }

    #[inline(always)]
    pub(crate) fn give_to(self, pool: &mut Pool<T>) {
        match self {
            Self::Buffer(buffer) | Self::Part(buffer, _) => pool.give(buffer),
            Self::Postponed(key, _) => pool.fetched(key),
            Self::Zero | Self::Within | Self::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum of six elements in memory that holds anything, and nothing of it known yet.
    fn part() -> Running<f64> {
        Running::Part(Buffer::within(vec![f64::NAN; 6]), 3..3)
    }

    #[test]
    fn parts_that_touch_are_written_and_the_rest_is_zero() {
        let mut sum = part();
        sum.add_part(3, &[1.0, 2.0]);
        sum.add_part(1, &[3.0, 4.0]);
        assert!(matches!(&sum, Running::Part(_, known) if *known == (1..5)));
        sum.complete();
        assert_eq!(sum.as_slice(), [0.0, 3.0, 4.0, 1.0, 2.0, 0.0]);
    }

    #[test]
    fn parts_that_overlap_or_stand_apart_are_added() {
        for (start, expected) in
            [(2, [0.0, 0.0, 5.0, 7.0, 2.0, 0.0]), (0, [5.0, 6.0, 0.0, 1.0, 2.0, 0.0])]
        {
            let mut sum = part();
            sum.add_part(3, &[1.0, 2.0]);
            sum.add_part(start, &[5.0, 6.0]);
            assert_eq!(sum.as_slice(), expected);
        }
    }

    #[test]
    fn a_sum_whose_parts_are_all_there_is_a_whole() {
        let mut sum = part();
        sum.add_part(3, &[1.0, 2.0, 3.0]);
        sum.add_part(0, &[4.0, 5.0, 6.0]);
        assert!(matches!(sum, Running::Buffer(_)));
        sum.add_number(1.0);
        assert_eq!(sum.as_slice(), [5.0, 6.0, 7.0, 2.0, 3.0, 4.0]);
    }
}
