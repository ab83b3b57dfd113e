//! The recurrences once more, differentiated on paper.
//!
//! What is here knows arrays and nothing else: no tape, no variable, no operation. A tape
//! that computed a wrong gradient consistently would agree with itself; it is tried by these
//! formulas, so they must not be related to it. They are written to be read beside the
//! derivation, one line per equation, and are not meant to be fast.
//!
//! [`elman`] holds the network, [`loss`] the errors that feed its backward recursion, and
//! [`truncation`] the windows that cut the recursion short.

pub mod activation;
pub mod elman;
pub mod loss;
pub mod truncation;
