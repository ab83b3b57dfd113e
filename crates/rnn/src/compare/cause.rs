//! The mistakes that derivations of backpropagation through time are prone to, by name.

use std::fmt::{self, Display, Formatter};

/// Why a gradient may be wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// One step too early or too late: a state, an input or a loss was taken from the neighbouring step.
    OffByOne {
        /// What was taken from the wrong step, in words.
        what: &'static str,
    },
    /// What comes back from step t + 1 through one part of the state was dropped, while other parts bring theirs.
    MissingRecurrentTerm {
        /// The number of the part: of an LSTM, 0 is h and 1 is c.
        part: usize,
    },
    /// The direct part of `dL/dhₜ` stands for the whole: nothing comes back through time at all.
    DirectPartOnly,
    /// Rows and columns are exchanged.
    Transposed,
    /// A factor too much.
    Scaled {
        /// Wrong = factor × right.
        factor: f64,
        /// What the factor may be: `T`, `1/B`, `2`, … All that fit; none if the number says nothing.
        readings: Vec<String>,
    },
    /// Two gates have each other's gradient.
    GatesSwapped {
        /// Their names.
        gates: [String; 2],
    },
    /// The sweep stops early.
    Truncated {
        /// How many steps it goes back, its own counted.
        k: usize,
        /// Whether all sweeps start anew at every k-th step (blocks laid end to end), or each loss is followed k steps.
        blocks: bool,
    },
    /// No gradient arrives.
    Nothing,
}

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::OffByOne { what } => write!(f, "off by one step: {what}"),
            Self::MissingRecurrentTerm { part } => {
                write!(
                    f,
                    "missing recurrent term: nothing comes back through part {part} of the state"
                )
            }
            Self::DirectPartOnly => {
                f.write_str("direct part only: nothing comes back through time")
            }
            Self::Transposed => f.write_str("transposed"),
            Self::Scaled { factor, readings } if readings.is_empty() => {
                write!(f, "scaled by {factor:.6}")
            }
            Self::Scaled { factor, readings } => {
                write!(f, "scaled by {factor:.6}, which is {}", readings.join(" and also "))
            }
            Self::GatesSwapped { gates: [a, b] } => write!(f, "gates {a} and {b} swapped"),
            Self::Truncated { k, blocks: true } => write!(f, "truncated at k = {k}: in blocks"),
            Self::Truncated { k, blocks: false } => {
                write!(f, "truncated at k = {k}: each loss is followed {k} steps back")
            }
            Self::Nothing => f.write_str("no gradient arrives"),
        }
    }
}
