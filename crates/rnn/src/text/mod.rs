//! Text as a sequence of small integers, cut for truncated backpropagation.
//!
//! ```text
//!  file ──read_text──► String ──Vocabulary──► [usize] ──Stream──► windows [T, B]
//! ```
//!
//! ```
//! use rnn::text::{Stream, Vocabulary};
//!
//! let text = "to be or not to be";
//! let vocabulary = Vocabulary::from_text(text)?;
//! let stream = Stream::<f32>::new(&vocabulary.encode(text)?, 2)?;
//! for window in stream.windows(5)? {
//!     for (inputs, targets, mask) in window.steps() {
//!         assert_eq!((inputs.len(), targets.len(), mask.len()), (2, 2, 2));
//!     }
//! }
//! # Ok::<(), rnn::Error>(())
//! ```

mod stream;
mod vocabulary;

pub use stream::{Stream, Window, Windows};
pub use vocabulary::Vocabulary;

use crate::Error;
use std::{fs, io, path::Path};

/// Reads a whole UTF-8 text, unchanged: no newline is translated, no mark removed.
///
/// # Errors
/// [`Error::TextMissing`], [`Error::TextIsDirectory`] and [`Error::TextUnreadable`] when
/// there is no such file to be had, [`Error::EmptyText`] when it has no bytes, and
/// [`Error::NotText`], with the offset, at the first byte that is not UTF-8 or, failing that,
/// the first NUL (text never holds one; binary files and UTF-16 almost always do).
pub fn read_text(path: impl AsRef<Path>) -> Result<String, Error> {
    let path = path.as_ref();
    // Asked first, since what reading a directory answers differs between systems.
    if path.is_dir() {
        return Err(Error::TextIsDirectory { path: path.into() });
    }
    let bytes = fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::TextMissing { path: path.into() },
        _ => Error::TextUnreadable { path: path.into(), source },
    })?;
    if bytes.is_empty() {
        return Err(Error::EmptyText { origin: format!("`{}`", path.display()) });
    }
    let not_text =
        |bytes: &[u8], offset| Error::NotText { path: path.into(), offset, byte: bytes[offset] };
    let text = String::from_utf8(bytes)
        .map_err(|e| not_text(e.as_bytes(), e.utf8_error().valid_up_to()))?;
    match text.find('\0') {
        Some(offset) => Err(not_text(text.as_bytes(), offset)),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A file of its own for each test, gone when the test is.
    struct Scrap(PathBuf);

    impl Scrap {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("rnn-text-{}-{name}", std::process::id()));
            fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for Scrap {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_text_is_read_as_it_stands() {
        let text = "\u{feff}Größe\r\n";
        assert_eq!(read_text(&Scrap::new("whole", text.as_bytes()).0).unwrap(), text);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_text("no/such/file.txt").unwrap_err();
        assert!(matches!(error, Error::TextMissing { .. }));
        assert!(error.to_string().contains("`no/such/file.txt`"));
    }

    #[test]
    fn a_directory_is_no_text() {
        let error = read_text(std::env::temp_dir()).unwrap_err();
        assert!(matches!(error, Error::TextIsDirectory { .. }));
    }

    #[test]
    fn an_empty_file_is_no_text() {
        let scrap = Scrap::new("empty", b"");
        let error = read_text(&scrap.0).unwrap_err();
        assert!(matches!(error, Error::EmptyText { .. }));
        assert!(error.to_string().contains("rnn-text-"), "{error}");
    }

    #[test]
    fn the_first_byte_that_is_not_text_is_found() {
        for (name, bytes, offset, byte) in [
            ("latin1", b"Gr\xf6\xdfe".as_slice(), 2, 0xf6),
            ("cut", "Grö".as_bytes()[..3].as_ref(), 2, 0xc3),
            ("nul", b"ELF\0\x01", 3, 0),
            ("utf16", b"\xff\xfea\0", 0, 0xff),
        ] {
            match read_text(&Scrap::new(name, bytes).0).unwrap_err() {
                Error::NotText { offset: o, byte: b, .. } => assert_eq!((o, b), (offset, byte)),
                other => panic!("{name}: {other}"),
            }
        }
    }
}
