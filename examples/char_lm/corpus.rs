//! This house as reading matter: its own sources and pages, compiled into the example, so that it runs without a file
//! to look for. `build.rs` lists them.

/// The contents of every source file and page, in the order of their paths.
const FILES: &[&str] = include!(concat!(env!("OUT_DIR"), "/corpus.rs"));

/// The corpus as one text: the files in order, an empty line between any two. Lines end in `\n`, whatever the
/// checkout made of them, so that the vocabulary is the same everywhere.
pub(crate) fn text() -> String {
    let contents: Vec<String> = FILES.iter().map(|content| content.replace("\r\n", "\n")).collect();
    contents.join("\n")
}
