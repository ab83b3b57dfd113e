//! A float and the SIMD vector that holds several of it.

use super::turn::{self, Block};
use crate::Real;
use pulp::Simd;

/// A float that fills the lanes of a SIMD vector.
pub(super) trait Lanes: Real {
    /// A vector of `Self` on the instruction set `S`.
    type Vector<S: Simd>: Copy;

    /// How many numbers one vector holds.
    fn lanes<S: Simd>() -> usize;
    /// `x` in every lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `a · b + c` in every lane, rounded once.
    fn fma<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The whole vectors of a slice.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];
    /// The whole vectors of a slice, to be written.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];
    /// Reads a slice shorter than a vector; the lanes beyond it are zero.
    fn load_part<S: Simd>(simd: S, slice: &[Self]) -> Self::Vector<S>;
    /// Writes as many lanes as the slice is long.
    fn store_part<S: Simd>(simd: S, slice: &mut [Self], x: Self::Vector<S>);
    /// The transpose of a square block.
    fn turn<S: Simd>(simd: S, x: Block<Self>) -> Block<Self>;
}

macro_rules! lanes {
    ($float:ident, $vector:ident, $count:ident, $splat:ident, $mul_add:ident, $as_simd:ident,
     $as_mut_simd:ident, $load:ident, $store:ident) => {
        impl Lanes for $float {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$count
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            // Not `mul_add_e`: where there is no such instruction, that one rounds twice.
            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[S::$vector] {
                S::$as_simd(slice).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut_simd(slice).0
            }
            #[inline(always)]
            fn load_part<S: Simd>(simd: S, slice: &[Self]) -> S::$vector {
                simd.$load(slice)
            }
            #[inline(always)]
            fn store_part<S: Simd>(simd: S, slice: &mut [Self], x: S::$vector) {
                simd.$store(slice, x);
            }
            #[inline(always)]
            fn turn<S: Simd>(simd: S, x: Block<Self>) -> Block<Self> {
                turn::$float(simd, x)
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s
);
lanes!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s
);
