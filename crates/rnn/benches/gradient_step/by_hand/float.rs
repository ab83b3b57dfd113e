//! Floats whose products take a packed factor.

use ::tape::{
    Real,
    kernel::{
        Matrix, Scratch,
        gemm::{self, Packed},
    },
};

/// `f32` or `f64`.
pub(crate) trait Float: Real {
    fn pack(to: &mut Packed<Self>, b: Matrix<'_, Self>);
    /// `c = a b`, or `c += a b`.
    fn multiply(
        scratch: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        b: &Packed<Self>,
        c: &mut [Self],
        add: bool,
    );
}

macro_rules! float {
    ($float:ident, $multiply:ident) => {
        impl Float for $float {
            fn pack(to: &mut Packed<Self>, b: Matrix<'_, Self>) {
                to.pack(b);
            }
            fn multiply(
                scratch: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: &Packed<Self>,
                c: &mut [Self],
                add: bool,
            ) {
                gemm::$multiply(scratch, a, b, c, add);
            }
        }
    };
}

float!(f32, f32_packed);
float!(f64, f64_packed);
