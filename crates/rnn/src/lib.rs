//! Recurrences unrolled onto a tape.
