//! How far apart two arrays are, seen from several sides.
//!
//! One figure hides what another shows: a gradient with a wrong factor has cosine 1, one with
//! a wrong sign in a single entry has nearly cosine 1, and a relative error of 10⁻⁸ in the
//! whole may be a wrong entry that is small.
//!
//! ```text
//! absolute   maxᵢ |aᵢ − bᵢ|                                  (1)
//! relative   (1) / max(maxᵢ |aᵢ|, maxᵢ |bᵢ|)                 (2)   over the finite entries
//! cosine     ⟨a, b⟩ / (‖a‖ ‖b‖)                              (3)
//! ```

use ndarray::{ArrayViewD, Dimension};

/// The entry where two arrays differ most.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// Where it stands.
    pub index: Vec<usize>,
    /// aᵢ
    pub left: f64,
    /// bᵢ
    pub right: f64,
    /// How many floats lie from one to the other; `u64::MAX` if either is NaN.
    pub ulps: u64,
}

/// Two arrays of one shape, held against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Equation (1). Infinite if a NaN stands on either side, or on both: a number that is
    /// none agrees with nothing. Equal infinities agree.
    pub absolute: f64,
    /// Equation (2); 0 if (1) is, infinite if (1) is.
    pub relative: f64,
    /// Equation (3): 1 if both are zero everywhere, 0 if one of them is, NaN if an entry is
    /// not finite.
    pub cosine: f64,
    /// In how many entries both are non-zero and of opposite sign.
    pub sign_flips: usize,
    /// The entry of (1), the first of several; `None` if there is no entry at all.
    pub worst: Option<Worst>,
}

impl Difference {
    /// a − b, or `None` if the shapes differ.
    pub fn between(left: &ArrayViewD<'_, f64>, right: &ArrayViewD<'_, f64>) -> Option<Self> {
        if left.shape() != right.shape() {
            return None;
        }
        let (mut absolute, mut sign_flips, mut worst) = (0.0, 0, None);
        for ((index, &a), &b) in left.indexed_iter().zip(right) {
            let distance = distance(a, b);
            if distance > absolute || worst.is_none() {
                absolute = distance;
                worst = Some((index, a, b));
            }
            sign_flips += usize::from((a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0));
        }
        let (left_scale, right_scale) = (largest(left), largest(right));
        let relative = match absolute {
            0.0 => 0.0,
            f64::INFINITY => f64::INFINITY,
            _ => absolute / left_scale.max(right_scale),
        };
        let worst = worst.map(|(index, a, b)| Worst {
            index: index.slice().to_vec(),
            left: a,
            right: b,
            ulps: ulps(a, b),
        });
        let cosine = cosine((left, left_scale), (right, right_scale));
        Some(Self { absolute, relative, cosine, sign_flips, worst })
    }
}

/// |a − b|, 0 for equal infinities, ∞ when there is no telling.
fn distance(a: f64, b: f64) -> f64 {
    if a == b {
        return 0.0;
    }
    let distance = (a - b).abs();
    if distance.is_nan() { f64::INFINITY } else { distance }
}

/// The scale of (2). An infinity would make any finite error relative to it vanish.
fn largest(array: &ArrayViewD<'_, f64>) -> f64 {
    array.iter().filter(|x| x.is_finite()).fold(0.0, |m, x| x.abs().max(m))
}

/// Both are scaled to a largest entry of 1, so that no square overflows or vanishes.
fn cosine(
    (left, left_scale): (&ArrayViewD<'_, f64>, f64),
    (right, right_scale): (&ArrayViewD<'_, f64>, f64),
) -> f64 {
    if left_scale == 0.0 || right_scale == 0.0 {
        return if left_scale == right_scale { 1.0 } else { 0.0 };
    }
    let (mut dot, mut left_square, mut right_square) = (0.0, 0.0, 0.0);
    for (a, b) in left.iter().zip(right) {
        let (a, b) = (a / left_scale, b / right_scale);
        dot += a * b;
        left_square += a * a;
        right_square += b * b;
    }
    dot / (left_square.sqrt() * right_square.sqrt())
}

/// The number of floats from `a` to `b`: read as integers, the positive floats are in order,
/// and the negative ones in the opposite order. −0 and 0 are one float here.
pub fn ulps(a: f64, b: f64) -> u64 {
    if a.is_nan() || b.is_nan() {
        return u64::MAX;
    }
    let rank = |x: f64| {
        let magnitude = i128::from(x.abs().to_bits());
        if x < 0.0 { -magnitude } else { magnitude }
    };
    u64::try_from((rank(a) - rank(b)).abs()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ArrayD, array};

    fn between(left: ArrayD<f64>, right: ArrayD<f64>) -> Difference {
        Difference::between(&left.view(), &right.view()).unwrap()
    }

    #[test]
    fn an_array_does_not_differ_from_itself() {
        let a = array![[1.0, -2.0], [f64::INFINITY, 0.0]].into_dyn();
        let difference = between(a.clone(), a);
        assert_eq!((difference.absolute, difference.relative), (0.0, 0.0));
        assert_eq!(difference.sign_flips, 0);
    }

    #[test]
    fn every_figure_is_the_one_it_says() {
        let left = array![[3.0, 0.0], [0.0, 4.0]].into_dyn();
        let right = array![[3.0, 0.0], [0.0, -4.0]].into_dyn();
        let difference = between(left, right);
        assert_eq!(difference.absolute, 8.0);
        assert_eq!(difference.relative, 2.0);
        assert_eq!(difference.cosine, (9.0 - 16.0) / 25.0);
        assert_eq!(difference.sign_flips, 1);
        let worst = difference.worst.unwrap();
        assert_eq!((worst.index, worst.left, worst.right), (vec![1, 1], 4.0, -4.0));
    }

    #[test]
    fn a_wrong_factor_does_not_turn_the_gradient() {
        let left = array![1e-200, 2e-200].into_dyn();
        let difference = between(left.clone(), left * 2.0);
        assert!((difference.cosine - 1.0).abs() < 1e-15);
        assert_eq!(difference.relative, 0.5);
    }

    #[test]
    fn not_a_number_agrees_with_nothing() {
        let left = array![1.0, f64::NAN].into_dyn();
        for right in [left.clone(), array![1.0, 1.0].into_dyn()] {
            let difference = between(left.clone(), right);
            assert_eq!(difference.relative, f64::INFINITY);
            let worst = difference.worst.unwrap();
            assert_eq!((worst.index, worst.ulps), (vec![1], u64::MAX));
        }
    }

    #[test]
    fn an_infinity_both_share_hides_no_other_error() {
        let difference =
            between(array![f64::INFINITY, 1.0].into_dyn(), array![f64::INFINITY, 2.0].into_dyn());
        assert_eq!((difference.absolute, difference.relative), (1.0, 0.5));
        assert!(difference.cosine.is_nan());
    }

    #[test]
    fn neighbours_are_one_ulp_apart_across_zero_too() {
        let tiny = f64::from_bits(1);
        assert_eq!(ulps(1.0, 1.0 + f64::EPSILON), 1);
        assert_eq!(ulps(0.0, -0.0), 0);
        assert_eq!(ulps(tiny, -tiny), 2);
        assert_eq!(ulps(f64::MAX, f64::INFINITY), 1);
    }

    #[test]
    fn nothing_differs_from_nothing() {
        let empty = ArrayD::zeros(vec![0, 3]);
        let difference = between(empty.clone(), empty);
        assert_eq!((difference.relative, difference.cosine, difference.worst), (0.0, 1.0, None));
    }
}
