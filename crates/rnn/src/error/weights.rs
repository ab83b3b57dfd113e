//! What is said of weights in files.

use safetensors::SafeTensorError;
use std::{
    fmt::{Formatter, Result},
    io,
    path::Path,
};

pub(super) fn missing(path: &Path, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "no weights at `{}`: the file does not exist; check the path, or save a model there first",
        path.display()
    )
}

pub(super) fn unreadable(path: &Path, source: &io::Error, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "the weights `{}` cannot be read: {source}; check that it is a file you may read",
        path.display()
    )
}

pub(super) fn unwritable(path: &Path, source: &io::Error, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "the weights cannot be written to `{}`: {source}; a file that was there is unchanged; \
         check that the directory exists, has room, and is one you may write to",
        path.display()
    )
}

pub(super) fn damaged(path: &Path, bytes: &usize, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "the weights `{}` are damaged: {bytes} bytes are not what the header announces, so the \
         file was cut short or something was appended; copy or save it again",
        path.display()
    )
}

pub(super) fn of_another_format(
    path: &Path,
    source: &SafeTensorError,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "`{}` is no safetensors file: {source}; name one, or save the weights in that format",
        path.display()
    )
}

pub(super) fn of_another_type(
    name: &str,
    found: &str,
    expected: &str,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "the array {name:?} holds {found}, but the model {expected}; load it into a model of that \
         type, or convert the file"
    )
}

pub(super) fn of_other_names(
    missing: &[String],
    surplus: &[String],
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "the names do not match: missing {missing:?}, not asked for {surplus:?}; nothing was \
         loaded; build the model with the architecture that was saved, or load by a prefix"
    )
}

pub(super) fn of_another_shape(
    name: &str,
    found: &[usize],
    expected: &[usize],
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "{name:?} has shape {found:?} in the file, but the model's is {expected:?}; nothing was \
         loaded; build the model with the sizes that were saved"
    )
}

pub(super) fn not_finite(names: &[String], f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "infinities or NaN in {names:?}: the training that saved this had diverged; nothing was \
         loaded; take an earlier file, or say `LoadOptions::non_finite(true)` to look at this one"
    )
}
