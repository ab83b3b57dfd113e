//! Recurrences unrolled onto a tape.

pub mod by_hand;
pub mod compare;
