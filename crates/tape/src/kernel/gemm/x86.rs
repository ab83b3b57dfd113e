//! What is known of an instruction set besides its vectors.

use pulp::{
    Simd,
    x86::{V3, V4},
};
use std::any::Any;

/// The proof that AVX is there, if `simd` contains it; decided at compile time.
#[inline(always)]
pub(super) fn token<S: Simd>(simd: S) -> Option<V3> {
    let simd: &dyn Any = &simd;
    let narrow = simd.downcast_ref::<V3>().copied();
    narrow.or_else(|| simd.downcast_ref::<V4>().map(|simd| **simd))
}
