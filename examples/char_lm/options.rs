//! What can be asked on the command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Learns to write from a text, character by character, by truncated backpropagation through time.
///
/// Without arguments it reads its own project's sources for about a minute.
#[derive(Debug, Clone, Parser)]
#[command(name = "char_lm")]
pub(crate) struct Options {
    /// The text to learn from, UTF-8; without it, the project's own sources and pages.
    #[arg(long, value_name = "FILE")]
    pub(crate) text: Option<PathBuf>,
    /// The recurrence.
    #[arg(long, value_enum, default_value_t = CellKind::Elman)]
    pub(crate) cell: CellKind,
    /// H, the units of the recurrence.
    #[arg(long, value_name = "N", default_value_t = 192)]
    pub(crate) hidden: usize,
    /// k1, the steps from one update to the next.
    #[arg(long, value_name = "K", default_value_t = 50)]
    pub(crate) window: usize,
    /// k2, the steps that a gradient goes back; k1 if not given, and never less.
    #[arg(long, value_name = "K2")]
    pub(crate) k2: Option<usize>,
    /// B, how many places of the text are read at once.
    #[arg(long, value_name = "B", default_value_t = 32)]
    pub(crate) batch: usize,
    /// Into how many shards the batch is cut, for as many threads at most; seen in the last bits of every loss.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) shards: usize,
    /// How many shards are computed at a time; changes no bit.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
    /// Updates to make, those before a `--resume` counted.
    #[arg(long, value_name = "N", default_value_t = 2500)]
    pub(crate) steps: usize,
    /// Adam's learning rate at the start; it falls as 1/√(1 + step/1000).
    #[arg(long, value_name = "RATE", default_value_t = 2e-3)]
    pub(crate) rate: f64,
    /// Gradients longer than this are shortened to it.
    #[arg(long, value_name = "NORM", default_value_t = 1.0)]
    pub(crate) clip: f64,
    /// Where the random numbers start.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The folder for weights.safetensors and loss.svg; it is made if need be.
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,
    /// Goes on from the weights in --out, as if it had never stopped.
    #[arg(long)]
    pub(crate) resume: bool,
    /// How freely the sample is drawn: 1 as the model says, less for the likelier.
    #[arg(long, value_name = "X", default_value_t = 0.7)]
    pub(crate) temperature: f64,
    /// What the sample begins with.
    #[arg(long, value_name = "TEXT")]
    pub(crate) prime: Option<String>,
    /// How many characters the sample has.
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) sample: usize,
    /// Prints one JSON object at the end, and nothing else on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The recurrences to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CellKind {
    /// Elman (1990): hₜ = tanh(xₜ W + hₜ₋₁ U + b)
    Elman,
}

impl Options {
    /// k2: as asked for, or k1.
    pub(crate) fn k2(&self) -> usize {
        self.k2.unwrap_or(self.window)
    }

    /// Where the weights are kept.
    pub(crate) fn weights(&self) -> PathBuf {
        self.out.join("weights.safetensors")
    }
}
