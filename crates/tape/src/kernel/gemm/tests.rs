//! Every path against [`plain`], bit for bit.

use super::*;
use std::fmt::Debug;

/// What the tests need of a float besides being [`Real`].
pub(super) trait Float: Real {
    fn bits(self) -> u64;
    fn product(
        s: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        c: &mut [Self],
        add: bool,
    );
    fn packed(
        s: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        c: &mut [Self],
        add: bool,
    );
}

macro_rules! float {
    ($float:ident, $packed:ident) => {
        impl Float for $float {
            fn bits(self) -> u64 {
                // The sign and payload of a NaN are not part of the promise.
                if self.is_nan() { u64::MAX } else { self.to_bits().into() }
            }
            fn product(
                s: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                c: &mut [Self],
                add: bool,
            ) {
                $float(s, a, b, c, add);
            }
            fn packed(
                s: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                c: &mut [Self],
                add: bool,
            ) {
                let mut weight = Packed::<$float>::default();
                weight.pack(b);
                $packed(s, a, &weight, c, add);
            }
        }
    };
}

float!(f32, f32_packed);
float!(f64, f64_packed);

/// Numbers in (−1, 1) whose sums round at almost every step.
pub(super) fn numbers<T: Real>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        T::of((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    std::iter::repeat_with(next).take(len).collect()
}

pub(super) fn bits<T: Float>(x: &[T]) -> Vec<u64> {
    x.iter().map(|x| x.bits()).collect()
}

/// A `rows × cols` view of `data`: row-major, or the transpose of a row-major matrix.
fn view<T: Real>(data: &[T], rows: usize, cols: usize, transposed: bool) -> Matrix<'_, T> {
    if transposed {
        Matrix::row_major(data, cols, rows).t()
    } else {
        Matrix::row_major(data, rows, cols)
    }
}

/// One shape in all four transpose combinations, packed before or not, with `add` and without.
fn agrees<T: Float + Debug>(s: &mut Scratch<T>, m: usize, k: usize, n: usize) {
    let (a, b, old) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2), numbers::<T>(m * n, 3));
    for (ta, tb, add) in [
        (false, false, false),
        (false, false, true),
        (false, true, false),
        (false, true, true),
        (true, false, false),
        (true, false, true),
        (true, true, false),
        (true, true, true),
    ] {
        let (a, b) = (view(&a, m, k, ta), view(&b, k, n, tb));
        let mut right = old.clone();
        plain(s, a, b, &mut right, add);
        for (way, call) in
            [("as is", T::product as fn(&mut _, _, _, &mut _, _)), ("packed", T::packed)]
        {
            let mut c = old.clone();
            call(s, a, b, &mut c, add);
            assert!(
                bits(&c) == bits(&right),
                "{m}×{k}×{n}, A transposed: {ta}, B transposed: {tb}, add: {add}, {way}"
            );
        }
        let apart = |c: &[T]| -> Vec<T> {
            let rows = c.chunks(n.max(1));
            rows.flat_map(|row| row.iter().copied().chain([T::of(7.0); 3])).collect()
        };
        let mut c = apart(&old);
        T::gemm_strided(s, a, b, (&mut c, n + 3), add);
        assert!(
            bits(&c) == bits(&apart(&right)),
            "{m}×{k}×{n}, A transposed: {ta}, B transposed: {tb}, add: {add}, some columns of more"
        );
    }
}

#[test]
fn every_small_product_has_the_bits_of_the_definition() {
    let most = if cfg!(miri) { 2 } else { 20 };
    let (s, d) = (&mut Scratch::<f32>::default(), &mut Scratch::<f64>::default());
    for m in 0..=most {
        for k in 0..=most {
            for n in 0..=most {
                agrees(s, m, k, n);
                agrees(d, m, k, n);
            }
        }
    }
}

#[test]
fn awkward_products_have_the_bits_of_the_definition() {
    let shapes: &[_] = if cfg!(miri) {
        &[(3, 9, 5), (13, 3, 11), (1, 10, 3)]
    } else {
        &[
            (1, 1, 64),
            (1, 128, 32),
            (1, 100, 64),
            (1, 129, 64),
            (1, 512, 2048),
            (1, 2048, 130),
            (2, 300, 257),
            (7, 513, 200),
            (33, 65, 129),
            (257, 17, 300),
            (64, 257, 97),
            (12, 256, 512),
            (13, 700, 131),
            (14, 1030, 270),
            (25, 1025, 40),
            (25, 33, 1100),
            (130, 600, 140),
            (300, 300, 300),
            (140, 600, 333),
            (520, 520, 140),
        ]
    };
    let (s, d) = (&mut Scratch::<f32>::default(), &mut Scratch::<f64>::default());
    for &(m, k, n) in shapes {
        agrees(s, m, k, n);
        agrees(d, m, k, n);
    }
}

#[test]
#[cfg(not(miri))]
fn a_weight_too_large_for_the_cache_changes_no_bit() {
    let (k, n) = (1000, 4100);
    let b = numbers::<f32>(k * n, 2);
    let b = Matrix::row_major(&b, k, n);
    for m in [1, 11, 40] {
        let a = numbers::<f32>(m * k, 1);
        let a = Matrix::row_major(&a, m, k);
        let s = &mut Scratch::default();
        let (mut c, mut packed) = (vec![0.0; m * n], vec![0.0; m * n]);
        f32(s, a, b, &mut c, false);
        f32::packed(s, a, b, &mut packed, false);
        assert!(bits(&c) == bits(&packed), "{m} rows");
        for (i, j) in [(0, 0), (m - 1, n - 1), (m / 2, 2049)] {
            let sum = (0..k).fold(0.0, |sum, k| a.at(i, k).mul_add(b.at(k, j), sum));
            assert_eq!(c[i * n + j].to_bits(), f32::to_bits(sum), "entry {i}, {j} of {m} rows");
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_it_has_in_a_batch() {
    let (m, k, n) = if cfg!(miri) { (5, 9, 6) } else { (50, 300, 150) };
    let (a, b) = (numbers::<f64>(m * k, 1), numbers::<f64>(k * n, 2));
    let s = &mut Scratch::default();
    for transposed in [false, true] {
        let b = view(&b, k, n, transposed);
        let mut batch = vec![0.0; m * n];
        f64(s, Matrix::row_major(&a, m, k), b, &mut batch, false);
        for (row, a) in batch.chunks(n).zip(a.chunks(k)) {
            let mut alone = vec![0.0; n];
            f64(s, Matrix::row_major(a, 1, k), b, &mut alone, false);
            assert_eq!(bits(&alone), bits(row));
        }
    }
}

#[test]
#[cfg(not(miri))]
fn a_row_has_the_same_bits_in_every_slab() {
    let (m, k, n) = (2100, 500, 140);
    let (a, b) = (numbers::<f64>(m * k, 1), numbers::<f64>(k * n, 2));
    let (s, mut all) = (&mut Scratch::default(), vec![0.0; m * n]);
    let b = Matrix::row_major(&b, k, n);
    f64(s, Matrix::row_major(&a, m, k), b, &mut all, false);
    for i in [0, 1049, 1050, 1055, 1056, 2099] {
        let mut alone = vec![0.0; n];
        f64(s, Matrix::row_major(&a[i * k..][..k], 1, k), b, &mut alone, false);
        assert!(bits(&alone) == bits(&all[i * n..][..n]), "row {i}");
    }
}

#[test]
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn every_instruction_set_gives_the_same_bits() {
    use pulp::{
        Scalar, Simd,
        x86::{V3, V4},
    };
    fn on<S: Simd>(simd: S, a: Matrix<'_, f32>, b: Matrix<'_, f32>) -> Vec<u64> {
        let mut c = vec![0.0; a.rows * b.cols];
        let packing = &mut Packing::default();
        let (n, c_mut) = (b.cols, &mut c[..]);
        simd.vectorize(&mut Product {
            packing,
            soon: Soon::default(),
            a,
            b: Right::Matrix(b),
            c: (c_mut, n),
            add: false,
            from: None,
        });
        bits(&c)
    }
    for (m, k, n) in [(1, 300, 70), (5, 9, 40), (23, 40, 75), (130, 300, 150)] {
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
            let (a, b) = (view(&a, m, k, ta), view(&b, k, n, tb));
            let right = on(Scalar, a, b);
            assert!(V3::try_new().is_none_or(|simd| on(simd, a, b) == right));
            assert!(V4::try_new().is_none_or(|simd| on(simd, a, b) == right));
        }
    }
}

#[test]
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn the_least_products_have_the_same_bits_on_every_instruction_set() {
    use pulp::{
        Scalar, Simd,
        x86::{V3, V4},
    };
    fn on<S: Simd>(
        simd: S,
        a: &[f32],
        b: Matrix<'_, f32>,
        from: Option<&[f32]>,
    ) -> Option<Vec<u64>> {
        let mut c = vec![0.0; b.cols];
        let row = Row { a, b: &Right::Matrix(b), c: &mut c, from, add: false };
        simd.vectorize(row).then(|| bits(&c))
    }
    for (k, n) in [(1, 1), (7, 8), (100, 16), (128, 32), (9, 64)] {
        let (a, b, from) = (numbers(k, 1), numbers(k * n, 2), numbers::<f32>(n, 3));
        let b = Matrix::row_major(&b, k, n);
        for from in [None, Some(&from[..])] {
            let mut right = from.map_or(vec![0.0; n], <[f32]>::to_vec);
            plain(&mut Scratch::default(), Matrix::row_major(&a, 1, k), b, &mut right, true);
            let mut made = vec![on(Scalar, &a, b, from)];
            made.extend(V3::try_new().map(|simd| on(simd, &a, b, from)));
            made.extend(V4::try_new().map(|simd| on(simd, &a, b, from)));
            assert!(made.iter().any(Option::is_some), "{k}×{n} is one of them");
            assert!(made.iter().flatten().all(|c| *c == bits(&right)), "{k}×{n}");
        }
    }
}

#[test]
fn strides_of_neither_order_are_read_as_they_are() {
    let (m, k, n) = if cfg!(miri) { (3, 4, 5) } else { (21, 40, 37) };
    let (a, b) = (numbers::<f64>(m * k * 6, 1), numbers::<f64>(k * n * 6, 2));
    let a = Matrix { data: &a, rows: m, cols: k, row_stride: 2 * k + 1, col_stride: 2 };
    let b = Matrix { data: &b, rows: k, cols: n, row_stride: 3, col_stride: 3 * k + 2 };
    let s = &mut Scratch::default();
    let (mut c, mut right) = (vec![0.0; m * n], vec![0.0; m * n]);
    for (a, b) in [(a, b), (Matrix { row_stride: 0, ..a }, b), (a, Matrix { col_stride: 0, ..b })] {
        plain(s, a, b, &mut right, false);
        f64(s, a, b, &mut c, false);
        assert_eq!(bits(&c), bits(&right));
    }
}

#[test]
fn rows_in_lines_of_the_cache_are_multiplied_where_they_stand() {
    fn agrees<T: Float>([m, k, n]: [usize; 3], lines: usize) {
        let row = lines * per_line::<T>();
        let (a, old) = (numbers::<T>(m * k, 1), numbers::<T>(m * n, 3));
        let a = Matrix::row_major(&a, k, m).t();
        let b = numbers::<T>(k * row + per_line::<T>(), 2);
        let data = &b[first_line(&b)..][..(k - 1) * row + n]; // nothing behind the last number
        let b = Matrix { data, rows: k, cols: n, row_stride: row, col_stride: 1 };
        for add in [false, true] {
            let (mut c, mut right, s) = (old.clone(), old.clone(), &mut Scratch::default());
            T::product(s, a, b, &mut c, add);
            plain(s, a, b, &mut right, add);
            assert!(bits(&c) == bits(&right), "{m}×{k}×{n} in rows of {row}, add: {add}");
        }
    }
    let sizes: &[_] = if cfg!(miri) {
        &[[7, 3, 5]]
    } else {
        &[[7, 1, 33], [30, 2, 48], [31, 40, 64], [50, 300, 50], [25, 700, 64], [90, 1100, 17]]
    };
    for &size in sizes {
        agrees::<f32>(size, 5);
        agrees::<f64>(size, 9);
    }
}

#[test]
fn a_nan_or_an_infinity_reaches_every_entry_that_saw_it_and_no_other() {
    let (m, k, n) = if cfg!(miri) { (3, 4, 5) } else { (15, 20, 35) };
    let (mut a, b) = (numbers::<f32>(m * k, 1), numbers::<f32>(k * n, 2));
    let s = &mut Scratch::default();
    for poison in [f32::NAN, f32::INFINITY] {
        a[k + 3] = poison;
        let mut c = vec![0.0; m * n];
        f32(s, Matrix::row_major(&a, m, k), Matrix::row_major(&b, k, n), &mut c, false);
        for (i, row) in c.chunks(n).enumerate() {
            assert!(row.iter().all(|c| c.is_finite() == (i != 1)), "row {i}");
        }
    }
}

#[test]
fn an_empty_sum_is_zero_or_what_was_there() {
    let s = &mut Scratch::default();
    let (a, b) = (Matrix::row_major(&[], 2, 0), Matrix::row_major(&[], 0, 3));
    let mut c = [f64::NAN; 6];
    f64(s, a, b, &mut c, false);
    assert_eq!(c, [0.0; 6]);
    c = [7.0; 6];
    f64(s, a, b, &mut c, true);
    assert_eq!(c, [7.0; 6]);
}

#[test]
fn memory_is_kept_from_one_product_to_the_next() {
    let (m, k, n) = if cfg!(miri) { (3, 9, 5) } else { (100, 300, 100) };
    let (a, b) = (numbers::<f32>(m * k, 1), numbers::<f32>(k * n, 2));
    let (a, b) = (Matrix::row_major(&a, m, k), view(&b, k, n, true));
    let (s, mut weight) = (&mut Scratch::default(), Packed::<f32>::default());
    let mut c = vec![0.0; m * n];
    let mut addresses = Vec::new();
    for _ in 0..3 {
        f32(s, a, b, &mut c, false);
        weight.pack(b);
        f32_packed(s, a, &weight, &mut c, true);
        addresses.push(
            [&s.packing.a, &s.packing.b, &weight.panels]
                .map(|x| (x.data.as_ptr(), x.data.capacity())),
        );
    }
    assert!(addresses.iter().all(|x| *x == addresses[0]));
}

#[test]
fn a_packed_weight_may_be_cloned_and_packed_anew() {
    let s = &mut Scratch::default();
    let mut weight = Packed::<f64>::default();
    let a = [1.0, 2.0];
    let mut c = [0.0; 3];
    weight.pack(Matrix::row_major(&[9.0; 50], 5, 10));
    weight.pack(Matrix::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3));
    f64_packed(s, Matrix::row_major(&a, 1, 2), &weight.clone(), &mut c, false);
    assert_eq!((weight.rows(), weight.cols(), c), (2, 3, [9.0, 12.0, 15.0]));
}

#[test]
#[should_panic(expected = "as many columns as B has rows")]
fn shapes_that_do_not_agree_are_refused() {
    let (a, b) = (Matrix::row_major(&[1.0; 6], 2, 3), Matrix::row_major(&[1.0; 8], 4, 2));
    f64(&mut Scratch::default(), a, b, &mut [0.0; 4], false);
}
