//! What can go wrong, and the way out.

use std::{io, path::PathBuf};
use tape::ParamId;
use thiserror::Error;

/// Everything this crate refuses to do. Each message names what failed, the numbers, the
/// rule behind the refusal, and what to do instead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Two parameters of one store cannot share a name.
    #[error(
        "a parameter called {name:?} exists already; give each its own name, for example with a prefix"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A truncation that is none.
    #[error("Window {{ k1: {k1}, k2: {k2} }}: {rule}; {remedy}")]
    Window {
        /// Steps from one sweep to the next.
        k1: usize,
        /// Steps that a sweep goes back.
        k2: usize,
        /// What is wrong with it.
        rule: &'static str,
        /// The way out.
        remedy: &'static str,
    },
    /// Data that does not fit the model or itself.
    #[error("{what}: {rule}; {remedy}")]
    Data {
        /// What was given.
        what: String,
        /// The rule it breaks.
        rule: String,
        /// The way out.
        remedy: &'static str,
    },
    /// The tape refused.
    #[error(transparent)]
    Tape(#[from] tape::Error),
    /// A gradient with an infinite or NaN component.
    #[error(
        "the gradient of parameter {id:?} is {value} at {at:?}; nothing was clipped; leave out \
         this update and lower the learning rate, or look for the op that made it \
         (`ParamStore::name` tells which parameter this is)"
    )]
    NonFiniteGradient {
        /// The parameter.
        id: ParamId,
        /// The first such component.
        at: Vec<usize>,
        /// Its value.
        value: f64,
    },
    /// Finite gradients whose norm is not.
    #[error(
        "the gradients together are longer than the largest number, {:e}, though each \
         component is finite (the largest, {max:e}, is of parameter {longest:?}); nothing was \
         clipped; leave out this update and lower the learning rate",
        f64::MAX
    )]
    GradientOverflow {
        /// The parameter with the largest component.
        longest: ParamId,
        /// The absolute value of that component.
        max: f64,
    },
    /// A parameter was written after the forward pass that its gradient belongs to.
    #[error(
        "the gradient of {name:?} belongs to version {gradient} of the parameter, which has \
         since been written (version {parameter}); nothing was updated; run forward and \
         backward again after every write, or say `allow_stale(true)` if the old gradient is \
         what you mean"
    )]
    StaleGradient {
        /// The parameter.
        name: String,
        /// The version that the gradient belongs to.
        gradient: u64,
        /// The version the parameter has now.
        parameter: u64,
    },
    /// Shards of a batch that do not meet: see [`shards`](crate::shards).
    #[error("shard {waiting} is at sum {number}, of {what}, but shard {shard} {did}; {remedy}")]
    Parted {
        /// The shard that has come to the sum.
        waiting: usize,
        /// What was to be summed.
        what: &'static str,
        /// Which of its sums this is, counted from 1.
        number: u64,
        /// The shard that does not come, or not with the same.
        shard: usize,
        /// What it does instead.
        did: String,
        /// The way out.
        remedy: &'static str,
    },
    /// There is no such file.
    #[error(
        "no weights at `{}`: the file does not exist; check the path, or save a model there first",
        path.display()
    )]
    WeightsMissing {
        /// Where the weights were looked for.
        path: PathBuf,
    },
    /// The operating system would not hand the file over.
    #[error(
        "the weights `{}` cannot be read: {source}; check that it is a file you may read",
        path.display()
    )]
    WeightsUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system would not take the file.
    #[error(
        "the weights cannot be written to `{}`: {source}; a file that was there is unchanged; \
         check that the directory exists, has room, and is one you may write to",
        path.display()
    )]
    WeightsUnwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is of another length than its header says.
    #[error(
        "the weights `{}` are damaged: {bytes} bytes are not what the header announces, so the \
         file was cut short or something was appended; copy or save it again",
        path.display()
    )]
    WeightsDamaged {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
    },
    /// The file is of another format.
    #[error(
        "`{}` is no safetensors file: {source}; name one, or save the weights in that format",
        path.display()
    )]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// Where reading it ended.
        source: safetensors::SafeTensorError,
    },
    /// An array of other numbers than the model's.
    #[error(
        "the array {name:?} holds {found}, but the model {expected}; load it into a model of that \
         type, or convert the file"
    )]
    WeightType {
        /// The array.
        name: String,
        /// What the format calls its numbers.
        found: String,
        /// What it calls the model's.
        expected: String,
    },
    /// The names in the file are not those of the parameters.
    #[error(
        "the names do not match: missing {missing:?}, not asked for {surplus:?}; nothing was \
         loaded; build the model with the architecture that was saved, or load by a prefix"
    )]
    WeightNames {
        /// Names that the file lacks.
        missing: Vec<String>,
        /// Names that only the file has.
        surplus: Vec<String>,
    },
    /// An array of another shape than its parameter.
    #[error(
        "{name:?} has shape {found:?} in the file, but the model's is {expected:?}; nothing was \
         loaded; build the model with the sizes that were saved"
    )]
    WeightShape {
        /// The parameter.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the model.
        expected: Vec<usize>,
    },
    /// Weights that another framework's layout has no place for.
    #[error(transparent)]
    Layout(#[from] crate::weights::LayoutError),
    /// Infinite or NaN weights.
    #[error(
        "infinities or NaN in {names:?}: the training that saved this had diverged; nothing was \
         loaded; take an earlier file, or say `LoadOptions::non_finite(true)` to look at this one"
    )]
    NonFiniteWeights {
        /// The parameters.
        names: Vec<String>,
    },
    /// There is no such file.
    #[error(
        "no text at `{}`: the file does not exist; check the path (it is taken from the \
         current directory unless absolute)",
        path.display()
    )]
    TextMissing {
        /// Where the text was looked for.
        path: PathBuf,
    },
    /// The path leads to a directory.
    #[error(
        "`{}` is a directory, but a text is one file; name a file inside it",
        path.display()
    )]
    TextIsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system would not hand the file over.
    #[error(
        "the text `{}` cannot be read: {source}; check that it is a file you may read",
        path.display()
    )]
    TextUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not UTF-8, or holds a NUL, which a text never does.
    #[error(
        "`{}` is not UTF-8 text: byte {byte:#04x} at offset {offset} cannot be part of one; \
         convert the file to UTF-8, or check that it is a text at all",
        path.display()
    )]
    NotText {
        /// The file.
        path: PathBuf,
        /// Bytes before the first one at fault.
        offset: usize,
        /// The first byte at fault.
        byte: u8,
    },
    /// The text has no characters.
    #[error(
        "{origin} is empty: there is nothing to learn from; give a text of at least 2 characters"
    )]
    EmptyText {
        /// Which text.
        origin: String,
    },
    /// The text has fewer pairs than the batch has streams.
    #[error(
        "a text of {tokens} token(s) is too short for {batch} parallel stream(s): each stream \
         needs at least one (token, next token) pair, so {batch} of them need {} tokens; {}",
        batch.saturating_add(1),
        shorter_batch(*tokens)
    )]
    TextTooShort {
        /// `N`, the length of the text.
        tokens: usize,
        /// `B`, the streams asked for.
        batch: usize,
    },
    /// A batch of no streams.
    #[error("a batch of 0 streams reads nothing; ask for 1 (the text as it stands) or more")]
    ZeroBatch,
    /// A window of no steps.
    #[error(
        "a window of 0 steps never moves on; ask for at least 1, or for the length of the \
         streams to see each of them whole"
    )]
    ZeroWindow,
    /// A character that the vocabulary lacks.
    #[error(
        "{character:?} (character {position}, counted from 0) is not in the vocabulary of \
         {} characters {}; build the vocabulary from all the text it is to encode, or leave \
         the character out",
        known.chars().count(),
        excerpt(known)
    )]
    UnknownCharacter {
        /// The character.
        character: char,
        /// Characters before it in the text.
        position: usize,
        /// All characters that the vocabulary knows, in order.
        known: String,
    },
    /// An index that the vocabulary lacks.
    #[error(
        "index {index} (token {position}, counted from 0) stands for no character: the \
         vocabulary has {len}, so indices run from 0 to {}; decode with the vocabulary that \
         encoded",
        len.saturating_sub(1)
    )]
    UnknownIndex {
        /// The index.
        index: usize,
        /// Tokens before it.
        position: usize,
        /// Characters in the vocabulary.
        len: usize,
    },
    /// A written vocabulary whose characters do not ascend.
    #[error(
        "not a vocabulary: {character:?} (character {position}, counted from 0) follows \
         {previous:?}, but each character must come after the one before it by code point; \
         the string was altered since it was written, or is a text: build a vocabulary from \
         a text with `Vocabulary::from_text`"
    )]
    VocabularyOrder {
        /// The character that is out of place.
        character: char,
        /// Characters before it.
        position: usize,
        /// The character just before it.
        previous: char,
    },
}

/// The way out of a text that is too short.
fn shorter_batch(tokens: usize) -> String {
    match tokens {
        0 | 1 => "give a longer text".into(),
        _ => format!("give a longer text, or ask for at most {} stream(s)", tokens - 1),
    }
}

/// As many of the known characters as an error message can bear.
fn excerpt(known: &str) -> String {
    const BEARABLE: usize = 120;
    match known.char_indices().nth(BEARABLE) {
        Some((end, _)) => format!("{:?} (the first {BEARABLE})", &known[..end]),
        None => format!("{known:?}"),
    }
}

/// `Result` with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Turns a programmer's mistake into a panic at the caller's line.
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
