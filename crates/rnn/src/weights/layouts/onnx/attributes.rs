//! What a node says about itself.

use crate::{
    Activation,
    weights::layouts::{Anatomy, Kind, LayoutError},
};
use std::fmt;
use tape::Real;

/// The operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `Hₜ = f(Xₜ Wᵀ + Hₜ₋₁ Rᵀ + Wb + Rb)`
    Rnn,
    /// Gates z, r, h.
    Gru,
    /// Gates i, o, f, c.
    Lstm,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rnn => "RNN",
            Self::Gru => "GRU",
            Self::Lstm => "LSTM",
        })
    }
}

/// Which way a node reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From the first step on.
    #[default]
    Forward,
    /// From the last step back.
    Reverse,
    /// Both, each with weights of its own.
    Bidirectional,
}

/// All attributes of `RNN`, `GRU` and `LSTM`, as far as our cells do what they say.
///
/// | attribute | here |
/// |---|---|
/// | `activations`, `activation_alpha`, `activation_beta` | [`Activation`]s; each takes the next α, and the next β, if it has one |
/// | `clip` | refused: it bounds what goes into every activation, where [`cell_clip`](crate::cells::lstm::Form::cell_clip) bounds the cell |
/// | `direction` | [`Direction`] |
/// | `hidden_size` | H |
/// | `input_forget` | [`coupled`](crate::cells::lstm::Form::coupled) |
/// | `layout` | 1: in inputs, states and outputs the batch comes first |
/// | `linear_before_reset` | [`Reset`](crate::cells::gru::Reset) |
/// | `output_sequence` | any: the outputs are there for those who read them |
///
/// The inputs: `W`, `R`, `B`, `P` are the weights ([`cells`](Self::cells)); `sequence_lens` are the lengths of a sequence,
/// `initial_h` and `initial_c` `[D, B, H]` (`layout` 1: `[B, D, H]`) the state that each direction starts from.
#[derive(Debug, Clone)]
pub struct Attributes<T: Real> {
    /// The operator.
    pub op: Op,
    /// The squashes, those of one direction after those of the other: f; f, g; f, g, h.
    pub activations: Vec<Activation<T>>,
    /// Which way the node reads.
    pub direction: Direction,
    /// H, if the node says it.
    pub hidden_size: Option<usize>,
    /// Is the forget gate one less the input gate?
    pub input_forget: bool,
    /// Does the batch come before the time (`layout` 1)?
    pub batch_major: bool,
    /// Does the reset gate act after the product?
    pub linear_before_reset: bool,
}

impl<T: Real> Attributes<T> {
    /// A node of which nothing is said.
    pub fn new(op: Op) -> Self {
        Self {
            op,
            activations: op.squashes(),
            direction: Direction::Forward,
            hidden_size: None,
            input_forget: false,
            batch_major: false,
            linear_before_reset: false,
        }
    }

    /// What the node would be called to have this cell do its work.
    pub(super) fn of(cell: &Anatomy<T>) -> Option<Self> {
        let op = match cell.kind {
            Kind::Elman => Op::Rnn,
            Kind::Gru { .. } => Op::Gru,
            Kind::Lstm { .. } => Op::Lstm,
            Kind::Other(_) => return None,
        };
        Some(Self {
            activations: cell.activations.clone(),
            input_forget: cell.kind == Kind::Lstm { coupled: true },
            linear_before_reset: matches!(cell.kind, Kind::Gru { reset_after: true, .. }),
            ..Self::new(op)
        })
    }
}

impl Op {
    /// What stands for activations that are not said.
    pub(super) fn squashes<T: Real>(self) -> Vec<Activation<T>> {
        use Activation::{Sigmoid, Tanh};
        match self {
            Self::Rnn => vec![Tanh],
            Self::Gru => vec![Sigmoid, Tanh],
            Self::Lstm => vec![Sigmoid, Tanh, Tanh],
        }
    }

    /// How many blocks the weights have.
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    pub(super) fn refuse(
        self,
        attribute: &str,
        value: &impl fmt::Display,
        rule: &str,
    ) -> LayoutError {
        LayoutError::Attribute {
            op: self.to_string(),
            attribute: attribute.into(),
            value: value.to_string(),
            rule: rule.into(),
            remedy: "change the node, or rebuild the model without it",
        }
    }
}

impl Direction {
    /// D, how many directions there are.
    pub fn count(self) -> usize {
        match self {
            Self::Forward | Self::Reverse => 1,
            Self::Bidirectional => 2,
        }
    }
}
