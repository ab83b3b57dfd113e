//! The recurrences once more, differentiated on paper.
//!
//! What is here knows arrays and nothing else: no tape, no variable, no operation. A tape
//! that computed a wrong gradient consistently would agree with itself; it is tried by these
//! formulas, so they must not be related to it. They are written to be read beside the
//! derivation, one line per equation, and are not meant to be fast.
//!
//! [`elman`] holds the simplest network, from its inputs to the gradient of its loss, in one
//! place. The gated cells, [`lstm`], [`gru`] and [`mgu`], say only how one step goes forward and how
//! adjoints go back through it; [`recurrence`] makes a sequence of it. [`loss`] has the errors
//! that feed the backward recursion, and [`truncation`] the windows that cut it short.

mod gates;

pub mod activation;
pub mod elman;
pub mod gru;
pub mod loss;
pub mod lstm;
pub mod mgu;
pub mod recurrence;
pub mod truncation;
