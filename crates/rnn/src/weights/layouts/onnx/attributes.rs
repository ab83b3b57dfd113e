//! What a node says about itself.

use super::activations;
use crate::{
    Activation, Result,
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

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // a number is a number
pub enum Value {
    Int(i64),
    Float(f32),
    Text(String),
    Floats(Vec<f32>),
    Texts(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Floats(value) => write!(f, "{value:?}"),
            Self::Texts(value) => write!(f, "{value:?}"),
        }
    }
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

    /// A node by its attributes.
    ///
    /// ```
    /// use rnn::weights::onnx::{Attributes, Op, Value};
    ///
    /// let said = [("hidden_size", Value::Int(8)), ("linear_before_reset", Value::Int(1))];
    /// assert!(Attributes::<f32>::read(Op::Gru, said)?.linear_before_reset);
    ///
    /// let clipped = Attributes::<f32>::read(Op::Gru, [("clip", Value::Float(3.0))]).unwrap_err();
    /// assert!(clipped.to_string().starts_with("ONNX GRU: clip = 3 is refused"));
    /// # Ok::<(), rnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::Attribute`], by name, for one that the operator does not have, is of another type, or says what our cells do
    /// not do.
    pub fn read<'a>(op: Op, said: impl IntoIterator<Item = (&'a str, Value)>) -> Result<Self> {
        let mut node = Self::new(op);
        let (mut names, mut alphas, mut betas) = (None, Vec::new(), Vec::new());
        for (name, value) in said {
            let flag = |other: &str| match value {
                Value::Int(0) => Ok(false),
                Value::Int(1) => Ok(true),
                _ => Err(op.refuse(name, &value, other)),
            };
            match (name, &value) {
                ("activations", Value::Texts(texts)) => names = Some(texts.clone()),
                ("activation_alpha", Value::Floats(floats)) => alphas.clone_from(floats),
                ("activation_beta", Value::Floats(floats)) => betas.clone_from(floats),
                ("direction", Value::Text(text)) => {
                    node.direction = Direction::read(text).ok_or_else(|| {
                        let rule = "a node reads forward, reverse or bidirectional";
                        op.refuse(name, &value, rule)
                    })?;
                }
                ("hidden_size", &Value::Int(size)) => {
                    let size = usize::try_from(size);
                    let refuse = |_| op.refuse(name, &value, "it is the number of hidden units");
                    node.hidden_size = Some(size.map_err(refuse)?);
                }
                ("input_forget", _) if op == Op::Lstm => node.input_forget = flag("it is 0 or 1")?,
                ("linear_before_reset", _) if op == Op::Gru => {
                    node.linear_before_reset = flag("it is 0 or 1")?;
                }
                ("layout", _) => node.batch_major = flag("it is 0 (time first) or 1 (batch first)")?,
                ("output_sequence", Value::Int(_)) => {}
                ("clip", _) => {
                    let rule = "it bounds what goes into every activation, which our cells do not do";
                    return Err(op.refuse(name, &value, rule).into());
                }
                _ => {
                    let rule = "the operator has no attribute of this name and type";
                    return Err(op.refuse(name, &value, rule).into());
                }
            }
        }
        let each = op.squashes::<T>().len() * node.direction.count();
        node.activations = match names {
            Some(names) => activations::read(op, &names, &alphas, &betas, each)?,
            None => op.squashes().repeat(node.direction.count()),
        };
        Ok(node)
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
    fn squashes<T: Real>(self) -> Vec<Activation<T>> {
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

    pub(super) fn refuse(self, attribute: &str, value: &impl fmt::Display, rule: &str) -> LayoutError {
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
    fn read(text: &str) -> Option<Self> {
        match text {
            "forward" => Some(Self::Forward),
            "reverse" => Some(Self::Reverse),
            "bidirectional" => Some(Self::Bidirectional),
            _ => None,
        }
    }

    /// D, how many directions there are.
    pub fn count(self) -> usize {
        match self {
            Self::Forward | Self::Reverse => 1,
            Self::Bidirectional => 2,
        }
    }
}
