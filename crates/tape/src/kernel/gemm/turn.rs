//! Transposing a square block in registers.

use pulp::Simd;

/// The side of a block.
pub(super) const SIDE: usize = 8;

/// A block of numbers, row after row.
pub(super) type Block<T> = [[T; SIDE]; SIDE];

/// The transpose of a block by definition.
#[inline(always)]
fn plain<T: Copy>(x: Block<T>) -> Block<T> {
    std::array::from_fn(|i| std::array::from_fn(|j| x[j][i]))
}

/// The transpose of a block of single precision.
#[inline(always)]
pub(super) fn f32<S: Simd>(simd: S, x: Block<f32>) -> Block<f32> {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = super::x86::token(simd) {
        return shuffles::f32(simd, x);
    }
    let _ = simd;
    plain(x)
}

/// The transpose of a block of double precision.
#[inline(always)]
pub(super) fn f64<S: Simd>(simd: S, x: Block<f64>) -> Block<f64> {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = super::x86::token(simd) {
        return shuffles::f64(simd, x);
    }
    let _ = simd;
    plain(x)
}

/// The compiler does not find these shuffles by itself, and without them packing a
/// transposed matrix takes four times as long.
#[cfg(target_arch = "x86_64")]
mod shuffles {
    use super::{Block, SIDE};
    use pulp::{cast, x86::V3};
    use std::arch::x86_64::{__m256, __m256d};

    // Plain loops below: a closure would be compiled without AVX unless it is inlined.

    /// Pairs of rows, then pairs of pairs, then the two halves: 24 shuffles of 8 numbers.
    #[inline(always)]
    pub(super) fn f32(simd: V3, x: Block<f32>) -> Block<f32> {
        let avx = simd.avx;
        let mut r: [__m256; SIDE] = cast(x);
        for i in [0, 2, 4, 6] {
            let (a, b) = (r[i], r[i + 1]);
            r[i] = avx._mm256_unpacklo_ps(a, b);
            r[i + 1] = avx._mm256_unpackhi_ps(a, b);
        }
        for i in [0, 4] {
            let (a, b, c, d) = (r[i], r[i + 1], r[i + 2], r[i + 3]);
            r[i] = avx._mm256_shuffle_ps::<0x44>(a, c);
            r[i + 1] = avx._mm256_shuffle_ps::<0xEE>(a, c);
            r[i + 2] = avx._mm256_shuffle_ps::<0x44>(b, d);
            r[i + 3] = avx._mm256_shuffle_ps::<0xEE>(b, d);
        }
        for i in [0, 1, 2, 3] {
            let (a, b) = (r[i], r[i + 4]);
            r[i] = avx._mm256_permute2f128_ps::<0x20>(a, b);
            r[i + 4] = avx._mm256_permute2f128_ps::<0x31>(a, b);
        }
        cast(r)
    }

    /// Four blocks of side four, each by pairs of rows and then by halves.
    #[inline(always)]
    pub(super) fn f64(simd: V3, x: Block<f64>) -> Block<f64> {
        let avx = simd.avx;
        let x: [[__m256d; 2]; SIDE] = cast(x);
        let mut y = x;
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (a, b, c, d) = (x[4 * i][j], x[4 * i + 1][j], x[4 * i + 2][j], x[4 * i + 3][j]);
            let (ab, cd) = (avx._mm256_unpacklo_pd(a, b), avx._mm256_unpacklo_pd(c, d));
            y[4 * j][i] = avx._mm256_permute2f128_pd::<0x20>(ab, cd);
            y[4 * j + 2][i] = avx._mm256_permute2f128_pd::<0x31>(ab, cd);
            let (ab, cd) = (avx._mm256_unpackhi_pd(a, b), avx._mm256_unpackhi_pd(c, d));
            y[4 * j + 1][i] = avx._mm256_permute2f128_pd::<0x20>(ab, cd);
            y[4 * j + 3][i] = avx._mm256_permute2f128_pd::<0x31>(ab, cd);
        }
        cast(y)
    }
}
