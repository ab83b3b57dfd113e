//! The crates, met as a user meets them.
