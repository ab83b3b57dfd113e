//! Every refusal: its kind, and what it comes with.
//!
//! A message longer than a line stands with its like, in the file of what it speaks of.

use super::{parameters, texts, weights};
use std::{io, path::PathBuf};
use tape::ParamId;
use thiserror::Error;

/// Everything this crate refuses to do. Each message names what failed, the numbers, the
/// rule behind the refusal, and what to do instead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Two parameters of one store cannot share a name.
    #[error(fmt = parameters::name_taken)]
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
    #[error(fmt = parameters::gradient_not_finite)]
    NonFiniteGradient {
        /// The parameter.
        id: ParamId,
        /// The first such component.
        at: Vec<usize>,
        /// Its value.
        value: f64,
    },
    /// Finite gradients whose norm is not.
    #[error(fmt = parameters::gradient_too_long)]
    GradientOverflow {
        /// The parameter with the largest component.
        longest: ParamId,
        /// The absolute value of that component.
        max: f64,
    },
    /// A parameter was written after the forward pass that its gradient belongs to.
    #[error(fmt = parameters::gradient_stale)]
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
    #[error(fmt = weights::missing)]
    WeightsMissing {
        /// Where the weights were looked for.
        path: PathBuf,
    },
    /// The operating system would not hand the file over.
    #[error(fmt = weights::unreadable)]
    WeightsUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system would not take the file.
    #[error(fmt = weights::unwritable)]
    WeightsUnwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is of another length than its header says.
    #[error(fmt = weights::damaged)]
    WeightsDamaged {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
    },
    /// The file is of another format.
    #[error(fmt = weights::of_another_format)]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// Where reading it ended.
        source: safetensors::SafeTensorError,
    },
    /// An array of other numbers than the model's.
    #[error(fmt = weights::of_another_type)]
    WeightType {
        /// The array.
        name: String,
        /// What the format calls its numbers.
        found: String,
        /// What it calls the model's.
        expected: String,
    },
    /// The names in the file are not those of the parameters.
    #[error(fmt = weights::of_other_names)]
    WeightNames {
        /// Names that the file lacks.
        missing: Vec<String>,
        /// Names that only the file has.
        surplus: Vec<String>,
    },
    /// An array of another shape than its parameter.
    #[error(fmt = weights::of_another_shape)]
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
    #[error(fmt = weights::not_finite)]
    NonFiniteWeights {
        /// The parameters.
        names: Vec<String>,
    },
    /// There is no such file.
    #[error(fmt = texts::missing)]
    TextMissing {
        /// Where the text was looked for.
        path: PathBuf,
    },
    /// The path leads to a directory.
    #[error(fmt = texts::directory)]
    TextIsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system would not hand the file over.
    #[error(fmt = texts::unreadable)]
    TextUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not UTF-8, or holds a NUL, which a text never does.
    #[error(fmt = texts::not_text)]
    NotText {
        /// The file.
        path: PathBuf,
        /// Bytes before the first one at fault.
        offset: usize,
        /// The first byte at fault.
        byte: u8,
    },
    /// The text has no characters.
    #[error(fmt = texts::empty)]
    EmptyText {
        /// Which text.
        origin: String,
    },
    /// The text has fewer pairs than the batch has streams.
    #[error(fmt = texts::too_short)]
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
    #[error(fmt = texts::no_steps)]
    ZeroWindow,
    /// A character that the vocabulary lacks.
    #[error(fmt = texts::unknown_character)]
    UnknownCharacter {
        /// The character.
        character: char,
        /// Characters before it in the text.
        position: usize,
        /// All characters that the vocabulary knows, in order.
        known: String,
    },
    /// An index that the vocabulary lacks.
    #[error(fmt = texts::unknown_index)]
    UnknownIndex {
        /// The index.
        index: usize,
        /// Tokens before it.
        position: usize,
        /// Characters in the vocabulary.
        len: usize,
    },
    /// A written vocabulary whose characters do not ascend.
    #[error(fmt = texts::out_of_order)]
    VocabularyOrder {
        /// The character that is out of place.
        character: char,
        /// Characters before it.
        position: usize,
        /// The character just before it.
        previous: char,
    },
}
