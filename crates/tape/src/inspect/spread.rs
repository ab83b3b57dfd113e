//! The range of an array's elements, and how many have left it.

use crate::{Real, table::brief};
use std::fmt;

/// Least and greatest of the finite elements of an array, and how many are not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The least finite element; `+∞` if there is none.
    pub min: f64,
    /// The greatest finite element; `−∞` if there is none.
    pub max: f64,
    /// How many elements are infinite or NaN.
    pub non_finite: usize,
    /// How many elements there are.
    pub len: usize,
}

impl Spread {
    /// The spread of `elements`.
    pub fn of<T: Real>(elements: &[T]) -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        let none = Self { min, max, non_finite: 0, len: elements.len() };
        elements.iter().fold(none, |spread, &x| match x.primal() {
            x_primal if x.is_finite() => {
                Self { min: spread.min.min(x_primal), max: spread.max.max(x_primal), ..spread }
            }
            _ => Self { non_finite: spread.non_finite + 1, ..spread },
        })
    }
}

impl fmt::Display for Spread {
    /// `in [0, 1]`, `1 of 3 not finite, the others in [0, 1]`, `all 3 not finite`, `empty`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max, non_finite, len } = *self;
        let range = || format!("in [{}, {}]", brief(min), brief(max));
        match (non_finite, len) {
            (_, 0) => f.write_str("empty"),
            (0, _) => f.write_str(&range()),
            (1, 1) => f.write_str("not finite"),
            (bad, _) if bad == len => write!(f, "all {len} not finite"),
            (bad, _) => write!(f, "{bad} of {len} not finite, the others {}", range()),
        }
    }
}

#[test]
fn a_spread_reads_as_a_phrase() {
    let phrase = |elements: &[f64]| Spread::of(elements).to_string();
    assert_eq!(phrase(&[]), "empty");
    assert_eq!(phrase(&[2.0, -1.0]), "in [-1, 2]");
    assert_eq!(phrase(&[f64::NAN]), "not finite");
    assert_eq!(phrase(&[f64::NAN, f64::INFINITY]), "all 2 not finite");
    assert_eq!(phrase(&[0.5, f64::NAN, 3.0]), "1 of 3 not finite, the others in [0.5, 3]");
}
