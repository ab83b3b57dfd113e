//! Lines of the cache: how much it fetches at a time, and where one begins.

/// Bytes of a line.
pub(crate) const LINE: usize = 64;

/// How many elements are a line.
pub(crate) const fn per_line<T>() -> usize {
    let size = size_of::<T>();
    if size == 0 || size > LINE { 1 } else { LINE / size }
}

/// How far behind the beginning of `memory` the first line begins. (An interpreter may refuse to say: any place is correct, one
/// is fastest.)
#[inline]
pub(crate) fn first_line<T>(memory: &[T]) -> usize {
    memory.as_ptr().align_offset(LINE).min(per_line::<T>())
}
