//! What is said of texts, the streams that they are read in, and vocabularies.

use std::{
    fmt::{Formatter, Result},
    io,
    path::Path,
};

pub(super) fn missing(path: &Path, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "no text at `{}`: the file does not exist; check the path (it is taken from the \
         current directory unless absolute)",
        path.display()
    )
}

pub(super) fn directory(path: &Path, f: &mut Formatter<'_>) -> Result {
    write!(f, "`{}` is a directory, but a text is one file; name a file inside it", path.display())
}

pub(super) fn unreadable(path: &Path, source: &io::Error, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "the text `{}` cannot be read: {source}; check that it is a file you may read",
        path.display()
    )
}

pub(super) fn not_text(path: &Path, offset: &usize, byte: &u8, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "`{}` is not UTF-8 text: byte {byte:#04x} at offset {offset} cannot be part of one; \
         convert the file to UTF-8, or check that it is a text at all",
        path.display()
    )
}

pub(super) fn empty(origin: &str, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "{origin} is empty: there is nothing to learn from; give a text of at least 2 characters"
    )
}

pub(super) fn too_short(tokens: &usize, batch: &usize, f: &mut Formatter<'_>) -> Result {
    write!(
        f,
        "a text of {tokens} token(s) is too short for {batch} parallel stream(s): each stream \
         needs at least one (token, next token) pair, so {batch} of them need {} tokens; \
         give a longer text",
        batch.saturating_add(1)
    )?;
    match tokens {
        0 | 1 => Ok(()),
        _ => write!(f, ", or ask for at most {} stream(s)", tokens - 1),
    }
}

pub(super) fn no_steps(f: &mut Formatter<'_>) -> Result {
    f.write_str(
        "a window of 0 steps never moves on; ask for at least 1, or for the length of the \
         streams to see each of them whole",
    )
}

pub(super) fn unknown_character(
    character: &char,
    position: &usize,
    known: &str,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "{character:?} (character {position}, counted from 0) is not in the vocabulary of \
         {} characters {}; build the vocabulary from all the text it is to encode, or leave \
         the character out",
        known.chars().count(),
        excerpt(known)
    )
}

/// As many of the known characters as an error message can bear.
fn excerpt(known: &str) -> String {
    const BEARABLE: usize = 120;
    match known.char_indices().nth(BEARABLE) {
        Some((end, _)) => format!("{:?} (the first {BEARABLE})", &known[..end]),
        None => format!("{known:?}"),
    }
}

pub(super) fn unknown_index(
    index: &usize,
    position: &usize,
    len: &usize,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "index {index} (token {position}, counted from 0) stands for no character: the \
         vocabulary has {len}, so indices run from 0 to {}; decode with the vocabulary that \
         encoded",
        len.saturating_sub(1)
    )
}

pub(super) fn out_of_order(
    character: &char,
    position: &usize,
    previous: &char,
    f: &mut Formatter<'_>,
) -> Result {
    write!(
        f,
        "not a vocabulary: {character:?} (character {position}, counted from 0) follows \
         {previous:?}, but each character must come after the one before it by code point; \
         the string was altered since it was written, or is a text: build a vocabulary from \
         a text with `Vocabulary::from_text`"
    )
}
