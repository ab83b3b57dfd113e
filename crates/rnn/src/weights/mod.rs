//! Weights on disk, whole or not at all.
//!
//! ```no_run
//! # use rnn::{ParamStore, weights};
//! # let mut store = ParamStore::<f32>::new();
//! use std::collections::BTreeMap;
//!
//! let about = BTreeMap::from([("vocabulary".to_string(), "abc".to_string())]);
//! weights::save("model.safetensors", &store, &about)?;
//! let about = weights::load("model.safetensors", &mut store)?;
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! The format is [safetensors](https://github.com/huggingface/safetensors): a table of names, types and shapes, then
//! the numbers as they stand in memory. A file is read by whatever reads that format, and nothing in it is executed.
//! What is loaded has the bits that were saved, and the same contents make the same file.
//!
//! Saving writes a new file beside the old one, waits until the disk has it, and lets it take the old one's name. A
//! crash at any moment leaves one of the two, complete. Loading compares everything before it changes anything.
//!
//! An [`Archive`] holds more than weights: the moments of an optimizer, the state carried from window to window, the
//! position of a generator of random numbers; with all of them in one file, training resumes bit for bit:
//!
//! ```
//! use rnn::{ParamStore, optim::{Adam, Optimizer}, weights::{Archive, LoadOptions}};
//!
//! let mut store = ParamStore::<f64>::new();
//! store.add("w", ndarray::arr1(&[1.0, 2.0]).into_dyn())?;
//! let mut adam = Adam::new(1e-3);
//!
//! let mut archive = Archive::new();
//! archive.put_params("model.", &store)?;
//! adam.put_state("optimizer.", &store, &mut archive)?;
//! archive.insert("state.h", ndarray::arr1(&[0.5]).into_dyn())?;
//! archive.metadata.insert("random.position".into(), "1234".into());
//! // archive.write(path)?, and in another process let archive = Archive::read(path)?
//!
//! archive.restore_params(&mut store, &LoadOptions::prefix("model."))?;
//! adam.restore_state("optimizer.", &store, &archive)?;
//! assert_eq!(archive.get("state.h").map(|h| h[0]), Some(0.5));
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! # Other frameworks
//!
//! [`torch`], [`keras`] and [`onnx`] write the same weights under other names and in another order, and read them back.
//! What a cell is made of is its [`Anatomy`], and a format that has no place for a part of it refuses by name
//! ([`LayoutError`]). Which framework calls what how is in `docs/layouts.md`.

mod archive;
mod format;
mod layouts;
mod params;
mod replace;
mod stored;

pub use archive::{Archive, Metadata};
pub use layouts::{Anatomy, Directions, Kind, LayoutError, Portable, keras, onnx, torch};
pub use params::LoadOptions;
pub(crate) use params::fits;
pub use stored::Stored;

use crate::{ParamStore, Result};
use std::path::Path;

/// Writes all parameters, by their names, with notes of any kind.
///
/// # Errors
/// [`Error::WeightsUnwritable`](crate::Error::WeightsUnwritable) when the system refuses: a file that was at `path`
/// is then still there.
pub fn save<T: Stored>(
    path: impl AsRef<Path>,
    store: &ParamStore<T>,
    metadata: &Metadata,
) -> Result<()> {
    let mut archive = Archive { metadata: metadata.clone(), ..Archive::new() };
    archive.put_params("", store)?;
    archive.write(path)
}

/// Reads all parameters back and returns the notes. Names, shapes and number type must be those of the store.
///
/// # Errors
/// Those of [`Archive::read`] and [`Archive::restore_params`]. The store is then as it was.
pub fn load<T: Stored>(path: impl AsRef<Path>, store: &mut ParamStore<T>) -> Result<Metadata> {
    load_with(path, store, &LoadOptions::default())
}

/// Like [`load`], from a part of the file or in spite of what would stop it.
///
/// # Errors
/// Those of [`load`].
pub fn load_with<T: Stored>(
    path: impl AsRef<Path>,
    store: &mut ParamStore<T>,
    options: &LoadOptions,
) -> Result<Metadata> {
    let archive = Archive::read(path)?;
    archive.restore_params(store, options)?;
    Ok(archive.metadata)
}
