//! Attributes as they stand in a file: names and values.

use super::{Attributes, Direction, Op, activations};
use crate::Result;
use std::fmt;
use tape::Real;

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

impl<T: Real> Attributes<T> {
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
    /// [`LayoutError::Attribute`](crate::weights::LayoutError::Attribute), by name, for one that the operator does not
    /// have, is of another type, or says what our cells do not do.
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
                ("layout", _) => {
                    node.batch_major = flag("it is 0 (time first) or 1 (batch first)")?
                }
                ("output_sequence", Value::Int(_)) => {}
                ("clip", _) => {
                    let rule =
                        "it bounds what goes into every activation, which our cells do not do";
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

    /// The attributes that say what this node is, but for those of which nothing need be said: what
    /// [`read`](Self::read) understands.
    pub fn said(&self) -> Vec<(&'static str, Value)> {
        let mut said = Vec::new();
        if let Some(size) = self.hidden_size {
            said.push(("hidden_size", Value::Int(size as i64)));
        }
        if self.direction != Direction::Forward {
            said.push(("direction", Value::Text(self.direction.word().into())));
        }
        let flags = [
            ("input_forget", self.input_forget),
            ("linear_before_reset", self.linear_before_reset),
            ("layout", self.batch_major),
        ];
        said.extend(flags.into_iter().filter(|flag| flag.1).map(|(name, _)| (name, Value::Int(1))));
        let (mut names, mut alphas, mut betas) = (Vec::new(), Vec::new(), Vec::new());
        for (name, alpha, beta) in self.activations.iter().filter_map(activations::name) {
            names.push(name.to_owned());
            alphas.extend(alpha.map(|alpha| alpha as f32));
            betas.extend(beta.map(|beta| beta as f32));
        }
        said.push(("activations", Value::Texts(names)));
        let lists = [("activation_alpha", alphas), ("activation_beta", betas)];
        let lists = lists.into_iter().filter(|list| !list.1.is_empty());
        said.extend(lists.map(|(name, list)| (name, Value::Floats(list))));
        said
    }
}

const DIRECTIONS: [(Direction, &str); 3] = [
    (Direction::Forward, "forward"),
    (Direction::Reverse, "reverse"),
    (Direction::Bidirectional, "bidirectional"),
];

impl Direction {
    fn read(text: &str) -> Option<Self> {
        DIRECTIONS.iter().find(|(_, word)| *word == text).map(|(direction, _)| *direction)
    }

    fn word(self) -> &'static str {
        DIRECTIONS.iter().find(|(direction, _)| *direction == self).map_or("", |(_, word)| word)
    }
}
