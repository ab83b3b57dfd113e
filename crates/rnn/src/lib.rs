//! Recurrences unrolled onto a tape.

pub mod by_hand;
