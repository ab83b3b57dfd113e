//! Rows that come in every way, against one product by definition, bit for bit.

use super::*;
use crate::{
    Dual,
    kernel::{
        Matrix, Scratch,
        gemm::{
            plain,
            tests::{Float, bits, numbers},
        },
    },
};

/// How rows are taken and multiplied.
struct Way<T> {
    push: fn(&mut RankUpdate<T>, &[T], &[T]) -> usize,
    add: fn(&mut RankUpdate<T>, &mut [T], usize, bool),
}

/// The way of the scalar itself.
fn own<T: Real>() -> Way<T> {
    Way { push: T::push_rows, add: T::add_rows }
}

/// `C`, `m` rows of `stride`, after all rows of both factors have come `few` at a time.
struct Case {
    m: usize,
    n: usize,
    /// Where the columns stand in `C`, and how wide it is.
    window: (usize, usize),
    rows: usize,
    few: usize,
    room: usize,
    add: bool,
}

fn run<T: Real>(way: &Way<T>, case: &Case) -> Vec<T> {
    let &Case { m, n, window: (start, stride), rows, few, room, add } = case;
    let (left, right, mut c) = (numbers(rows * m, 1), numbers(rows * n, 2), numbers(m * stride, 3));
    // Where nothing has been laid down stands something that would be seen.
    let of_any_content = |len| vec![T::of(f64::NAN); len];
    let mut update = RankUpdate::new((m, n), room, of_any_content);
    let mut going_on = add;
    for first in (0..rows).step_by(few) {
        let last = rows.min(first + few);
        let mut at = first;
        while at < last {
            let count = (way.push)(&mut update, &left[at * m..last * m], &right[at * n..last * n]);
            at += count;
            if at < last {
                (way.add)(&mut update, &mut c[start..], stride, going_on);
                going_on = true;
            }
        }
    }
    (way.add)(&mut update, &mut c[start..], stride, going_on);
    c
}

/// The same by [`plain`], at once, in a window of its own.
fn at_once<T: Real>(case: &Case) -> Vec<T> {
    let &Case { m, n, window: (start, stride), rows, add, .. } = case;
    let (left, right) = (numbers(rows * m, 1), numbers(rows * n, 2));
    let mut c: Vec<T> = numbers(m * stride, 3);
    let mut part: Vec<T> =
        c.chunks(stride).flat_map(|row| &row[start..start + n]).copied().collect();
    let (left, right) = (Matrix::row_major(&left, rows, m), Matrix::row_major(&right, rows, n));
    plain(&mut Scratch::default(), left.t(), right, &mut part, add);
    for (row, part) in c.chunks_mut(stride).zip(part.chunks(n)) {
        row[start..start + n].copy_from_slice(part);
    }
    c
}

fn agrees<T: Float>(way: &Way<T>, case: &Case) {
    let &Case { m, n, window, rows, few, room, add } = case;
    assert!(
        bits(&run(way, case)) == bits(&at_once::<T>(case)),
        "{m}×{n} at {window:?}, {rows} rows, {few} at a time, {room} in a block, add: {add}"
    );
}

const HEIGHTS: &[usize] = if cfg!(miri) { &[1, 3] } else { &[1, 2, 5, 6, 7, 12, 13, 25, 37, 49] };
/// The last so wide that the rows of the other factor are cut into tiles.
const WIDTHS: &[usize] =
    if cfg!(miri) { &[1, 200] } else { &[1, 3, 8, 15, 16, 17, 31, 32, 33, 63, 65, 100, 400] };

#[test]
fn rows_that_come_a_few_at_a_time_have_the_bits_of_one_product() {
    let ways: &[_] = if cfg!(miri) {
        &[(9, 2, 4)]
    } else {
        &[(40, 1, 16), (41, 3, 64), (20, 50, 9), (7, 7, 1), (30, 8, 30)]
    };
    for (&m, &n) in HEIGHTS.iter().flat_map(|m| WIDTHS.iter().map(move |n| (m, n))) {
        for &(rows, few, room) in ways {
            for add in [false, true] {
                let case = Case { m, n, window: (0, n), rows, few, room, add };
                agrees::<f32>(&own(), &case);
                agrees::<f64>(&own(), &case);
            }
        }
    }
}

#[test]
#[cfg(not(miri))]
fn long_sums_have_the_bits_of_one_product_whatever_the_block() {
    for (m, n) in [(128, 65), (13, 530), (300, 40), (1, 70)] {
        for (few, room) in [(1, 256), (3, 256), (50, 256), (256, 256), (300, 256), (50, 1000)] {
            let case = Case { m, n, window: (0, n), rows: 610, few, room, add: false };
            agrees::<f32>(&own(), &case);
            agrees::<f64>(&own(), &case);
        }
    }
}

#[test]
fn a_window_of_columns_is_written_and_nothing_beside_it() {
    let (m, rows) = if cfg!(miri) { (3, 4) } else { (29, 90) };
    for (start, n, stride) in [(0, 5, 9), (4, 5, 9), (2, 33, 40), (7, 64, 71), (9, 1, 10)] {
        for add in [false, true] {
            let case = Case { m, n, window: (start, stride), rows, few: 4, room: 64, add };
            agrees::<f32>(&own(), &case);
            agrees::<f64>(&own(), &case);
        }
    }
}

#[test]
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn every_instruction_set_lays_rows_down_its_own_way_to_the_same_bits() {
    use pulp::{
        Scalar, Simd,
        x86::{V3, V4},
    };
    macro_rules! way {
        ($simd:expr) => {
            Way {
                push: |to, left, right| Simd::vectorize($simd, Push { to, left, right }),
                add: |from, c, stride, add| Simd::vectorize($simd, Add { from, c, stride, add }),
            }
        };
    }
    for (&m, &n) in HEIGHTS.iter().flat_map(|m| WIDTHS.iter().map(move |n| (m, n))) {
        let case = Case { m, n, window: (1, n + 2), rows: 37, few: 5, room: 16, add: true };
        agrees::<f32>(&way!(Scalar), &case);
        agrees::<f64>(&way!(Scalar), &case);
        if V3::try_new().is_some() {
            agrees::<f32>(&way!(V3::try_new().unwrap()), &case);
            agrees::<f64>(&way!(V3::try_new().unwrap()), &case);
        }
        if V4::try_new().is_some() {
            agrees::<f32>(&way!(V4::try_new().unwrap()), &case);
            agrees::<f64>(&way!(V4::try_new().unwrap()), &case);
        }
    }
}

#[test]
fn rows_of_any_number_are_laid_down_as_they_come() {
    for (window, few, room) in [((0, 6), 1, 4), ((2, 9), 5, 3), ((1, 7), 20, 100)] {
        let case = Case { m: 5, n: 6, window, rows: 12, few, room, add: true };
        agrees::<f64>(&Way { push: RankUpdate::push_plain, add: RankUpdate::add_plain }, &case);
        let (dual, float) = (run::<Dual<f64>>(&own(), &case), run::<f64>(&own(), &case));
        assert!(dual.iter().zip(float).all(|(dual, float)| dual.primal() == float));
    }
}

#[test]
fn no_rows_are_a_sum_of_zero_or_what_was_there() {
    for way in [own::<f64>(), Way { push: RankUpdate::push_plain, add: RankUpdate::add_plain }] {
        let mut update = RankUpdate::new((2, 3), 4, |len| vec![f64::NAN; len]);
        assert_eq!((way.push)(&mut update, &[], &[]), 0);
        for (add, expected) in [(true, 7.0), (false, 0.0)] {
            let mut c = [7.0; 8];
            (way.add)(&mut update, &mut c, 4, add);
            let e = expected;
            assert_eq!(c, [e, e, e, 7.0, e, e, e, 7.0], "and the fourth column is not meant");
        }
    }
}

#[test]
#[should_panic(expected = "as many rows on the right as on the left")]
fn factors_of_different_lengths_are_refused() {
    let mut update = RankUpdate::new((2, 3), 4, |len| vec![0.0f32; len]);
    f32::push_rows(&mut update, &[1.0; 4], &[1.0; 3]);
}
