//! Shapes, and the rule by which two of them meet.

use smallvec::SmallVec;

/// The lengths of an array's axes, outermost first; empty for a single number.
///
/// Up to four axes live inside the node that has the shape, without a heap allocation.
pub type Shape = SmallVec<[usize; 4]>;

/// How many elements an array of this shape has, or `None` where the axes that are not empty make more than can be
/// addressed, be there an empty one beside them or not.
pub(crate) fn checked_len(shape: &[usize]) -> Option<usize> {
    let (mut most, mut empty) = (1usize, false);
    for &axis in shape {
        most = most.checked_mul(axis.max(1))?;
        empty |= axis == 0;
    }
    (most <= isize::MAX as usize).then_some(if empty { 0 } else { most })
}

/// How many elements an array of this (recorded, hence valid) shape has.
pub(crate) fn len(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The shape in which arrays of shapes `a` and `b` meet, by NumPy's rule: axes are matched
/// from the last one on, and an axis of length 1 (or a missing one) stretches.
///
/// `Err` holds the first axis, counted from the end, at which they differ.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Shape, usize> {
    let rank = a.len().max(b.len());
    let mut shape = Shape::from_elem(1, rank);
    for back in 1..=rank {
        let axis = |s: &[usize]| if back <= s.len() { s[s.len() - back] } else { 1 };
        shape[rank - back] = match (axis(a), axis(b)) {
            (1, n) | (n, 1) => n,
            (n, m) if n == m => n,
            _ => return Err(back),
        };
    }
    Ok(shape)
}

/// One stretch of a broadcast loop: `len` outputs from `at`, operands at their own offsets,
/// moving on by `step` (0 where the operand is stretched, else 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) a: usize,
    pub(crate) a_step: usize,
    pub(crate) b: usize,
    pub(crate) b_step: usize,
}

/// Splits the broadcast of `a` with `b` into the fewest contiguous runs and visits them in order.
#[inline(always)]
pub(crate) fn for_each_run(out: &[usize], a: &[usize], b: &[usize], mut visit: impl FnMut(Run)) {
    let total = len(out);
    if total == 0 {
        return;
    }
    let stretched = |s: &[usize], back: usize| back > s.len() || s[s.len() - back] == 1;
    // Axes that behave alike for both operands melt into one: (length, a moves, b moves).
    let mut axes: SmallVec<[(usize, bool, bool); 4]> = SmallVec::new();
    for back in 1..=out.len() {
        let n = out[out.len() - back];
        if n == 1 {
            continue;
        }
        let (move_a, move_b) = (!stretched(a, back), !stretched(b, back));
        match axes.last_mut() {
            Some(last) if last.1 == move_a && last.2 == move_b => last.0 *= n,
            _ => axes.push((n, move_a, move_b)),
        }
    }
    let (inner, a_step, b_step) =
        axes.first().map_or((1, 1, 1), |&(n, a, b)| (n, usize::from(a), usize::from(b)));
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
    let mut at = 0;
    loop {
        let (mut a_at, mut b_at) = (0, 0);
        let (mut a_stride, mut b_stride) = (1, 1);
        for (&(n, move_a, move_b), &i) in axes.iter().zip(&index) {
            a_at += if move_a { i * a_stride } else { 0 };
            b_at += if move_b { i * b_stride } else { 0 };
            a_stride *= if move_a { n } else { 1 };
            b_stride *= if move_b { n } else { 1 };
        }
        visit(Run { at, len: inner, a: a_at, a_step, b: b_at, b_step });
        at += inner;
        if at >= total {
            return;
        }
        for axis in 1..axes.len() {
            index[axis] += 1;
            if index[axis] < axes[axis].0 {
                break;
            }
            index[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_axes_and_ones_stretch() {
        assert_eq!(broadcast(&[2, 1, 3], &[4, 1]).as_deref(), Ok(&[2, 4, 3][..]));
        assert_eq!(broadcast(&[], &[5]).as_deref(), Ok(&[5][..]));
        assert_eq!(broadcast(&[0, 1], &[1, 3]).as_deref(), Ok(&[0, 3][..]));
        assert_eq!(broadcast(&[2, 3], &[3, 3]), Err(2));
    }

    #[test]
    fn a_bias_is_one_run_a_row_and_equal_shapes_are_one_run() {
        let count = |out: &[usize], a: &[usize], b: &[usize]| {
            let mut runs = 0;
            for_each_run(out, a, b, |_| runs += 1);
            runs
        };
        assert_eq!(count(&[4, 7], &[4, 7], &[7]), 4);
        assert_eq!(count(&[2, 4, 7], &[2, 4, 7], &[2, 4, 7]), 1);
        assert_eq!(count(&[2, 4, 7], &[2, 4, 7], &[]), 1);
        assert_eq!(count(&[0, 7], &[0, 7], &[7]), 0);
    }

    #[test]
    fn runs_visit_what_the_definition_says() {
        let (a, b) = ([2, 1, 3, 1], [4, 1, 5]);
        let out = broadcast(&a, &b).unwrap();
        let offset = |shape: &[usize], index: &[usize]| {
            let skip = index.len() - shape.len();
            shape
                .iter()
                .zip(&index[skip..])
                .fold(0, |at, (&n, &i)| at * n + if n == 1 { 0 } else { i })
        };
        let mut expected = vec![];
        for i in 0..2 {
            for j in 0..4 {
                for k in 0..3 {
                    for l in 0..5 {
                        expected.push((offset(&a, &[i, j, k, l]), offset(&b, &[i, j, k, l])));
                    }
                }
            }
        }
        let mut visited = vec![];
        for_each_run(&out, &a, &b, |run| {
            assert_eq!(run.at, visited.len());
            for k in 0..run.len {
                visited.push((run.a + k * run.a_step, run.b + k * run.b_step));
            }
        });
        assert_eq!(visited, expected);
    }
}

#[test]
fn more_elements_than_can_be_counted_are_none() {
    assert_eq!(checked_len(&[3, 0, 4]), Some(0));
    assert_eq!(checked_len(&[3, 4]), Some(12));
    assert_eq!(checked_len(&[1 << 63, 2]), None);
    assert_eq!(checked_len(&[usize::MAX, 0]), None);
    let zeros = || crate::Tape::<f64>::new().zeros(&[usize::MAX, 0]).id();
    let panic = std::panic::catch_unwind(zeros).unwrap_err();
    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert_eq!(
        text,
        "zeros of shape [18446744073709551615, 0]: more elements than can be counted; use smaller axes"
    );
}
