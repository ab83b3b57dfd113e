//! Numbers from a file.

use super::Named;
use crate::{Result, weights::Archive};
use std::path::Path;

/// The arrays of a safetensors file in double precision, by name in alphabetical order: gradients that another program
/// has written. What the two programs call a parameter must be the same, and weights are `[in, out]` here.
///
/// # Errors
/// As [`Archive::read`].
pub fn read(path: impl AsRef<Path>) -> Result<Named> {
    let archive = Archive::<f64>::read(path)?;
    Ok(archive.iter().map(|(name, array)| (name.to_owned(), array.clone())).collect())
}
