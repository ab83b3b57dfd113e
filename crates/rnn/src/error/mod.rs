//! What can go wrong, and the way out.
//!
//! `refusal.rs` lists the kinds; `parameters.rs`, `weights.rs` and `texts.rs` have the words.

mod parameters;
mod refusal;
mod texts;
mod weights;

pub use refusal::Error;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Turns a programmer's mistake into a panic at the caller's line.
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
