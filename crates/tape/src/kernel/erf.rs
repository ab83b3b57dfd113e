//! `erf x = 2/√π ∫₀ˣ e^(−u²) du`: a polynomial inside, a damped one outside.
//!
//! ```text
//! |x| ≤ 1:   erf x = x + x p(x²)
//! |x| > 1:   erf |x| = 1 − e^(−x²) g(t) / (1 + 2|x|),   t = (|x| − 2½) / (|x| + 2½)
//! ```
//!
//! The map from `x` to `t` bends the long tail into a short interval on which
//! `(1 + 2x) e^(x²) erfc x` is smooth and nearly constant (M. M. Shepherd and J. G. Laframboise,
//! 1981, who expand it in Chebyshev polynomials around 3¾; erf alone is 1 from 6 on and
//! wants a nearer middle).
//! `p` and `g` are the polynomials of least maximal error (Remez, 1934): degree 11 errs by
//! 7.1e-18, degree 15 by a relative 3.8e-17 of a tail that is at most 0.157.
//! `tests/golden/elementary.py` finds the coefficients.

use super::polynomial::horner;

/// `erf x` in single precision: [`f64`](fn@f64) rounded.
#[inline(always)]
pub fn f32(x: f32) -> f32 {
    f64(f64::from(x)) as f32
}

/// `erf x` in double precision, within 1.1 ULP.
#[inline(always)]
pub fn f64(x: f64) -> f64 {
    let size = x.abs();
    let size = if size > 6.0 { 6.0 } else { size };
    let p = horner(
        size * size,
        [
            0.12837916709551256,
            -0.3761263890318355,
            0.11283791670945252,
            -0.026866170643276035,
            0.005223977607422288,
            -0.0008548325989653283,
            0.00012055295319521354,
            -1.4924744649931631e-05,
            1.6447517567641667e-06,
            -1.6209175426580397e-07,
            1.3722975493826882e-08,
            -7.801189557567462e-10,
        ],
    );
    let g = horner(
        (size - 2.5) / (size + 2.5),
        [
            1.2648381843668615,
            -0.12235676308240459,
            -0.09902453957363538,
            0.15762991902328657,
            -0.10296705603471415,
            0.0327608932638393,
            0.0009318926481685821,
            -0.00438207818546181,
            0.0004918694678751077,
            0.0006321216825574577,
            -8.852236086561677e-05,
            -0.00011349632160975623,
            6.550907974405024e-06,
            2.2553751494388337e-05,
            1.6034064576299973e-06,
            -3.7835638472914428e-06,
        ],
    );
    let inside = p.mul_add(size, size);
    let outside = 1.0 - super::exp::f64(-(size * size)) * g / (1.0 + 2.0 * size);
    (if size > 1.0 { outside } else { inside }).copysign(x)
}
