//! This house as reading matter: its own sources and pages, compiled into the example, so that
//! it runs without a file to look for.
//!
//! To let the model read another file, add its path to the list.

/// Paths, relative to this file, to pairs of path and content.
macro_rules! corpus {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!($path))),*]
    };
}

/// Every file of the corpus, as `(path, content)`, in the order in which it is read.
pub(crate) const FILES: &[(&str, &str)] = corpus![
    "../../Cargo.toml",
    "../../crates/tape/Cargo.toml",
    "../../crates/tape/src/lib.rs",
    "../../crates/tape/src/real.rs",
    "../../crates/tape/src/kernel/mod.rs",
    "../../crates/tape/src/kernel/matrix.rs",
    "../../crates/tape/src/kernel/gemm.rs",
    "../../crates/tape/src/kernel/exp.rs",
    "../../crates/tape/src/kernel/tanh.rs",
    "../../crates/tape/src/kernel/sigmoid.rs",
    "../../crates/rnn/Cargo.toml",
    "../../crates/rnn/src/lib.rs",
    "../../crates/rnn/src/error.rs",
    "../../crates/rnn/src/text/mod.rs",
    "../../crates/rnn/src/text/vocabulary.rs",
    "../../crates/rnn/src/text/stream.rs",
    "../../examples/char_lm/corpus.rs",
    "../../examples/char_lm/ngram.rs",
    "../../examples/char_lm/chart.rs",
    "../../tests/char_lm.rs",
    "../../tests/tape.rs",
];

/// The corpus as one text: the contents of [`FILES`] in order, an empty line between any two
/// (each file ends in a newline, and one more follows), no paths and no other marks. Lines end
/// in `\n`, whatever the checkout made of them, so that the vocabulary is the same everywhere.
pub(crate) fn text() -> String {
    let contents: Vec<String> =
        FILES.iter().map(|(_, content)| content.replace("\r\n", "\n")).collect();
    contents.join("\n")
}
