//! What the tape promises: its ops before witnesses, its edges as others have them, its refusals word for word, and
//! at whose line.
//!
//! All in one program: every test file that is a program of its own compiles every op once more.

#![allow(clippy::unwrap_used)] // what cannot be read or recorded is a failed test

mod edges;
mod lines;
mod refusals;
mod witnesses;
