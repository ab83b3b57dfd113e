//! Which LSTM it is.

use crate::{Activation, Error, Result};
use tape::Real;

/// The variants of an LSTM, by name. What is not said is the LSTM of today: four gates, a forget gate among them, a
/// bias, and nothing else.
///
/// ```
/// use rnn::cells::lstm::Form;
/// let form = Form::<f32> { forget_bias: Some(1.0), peepholes: true, ..Form::default() };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Form<T: Real> {
    /// Is there a bias? Yes, unless said otherwise. There is one, not two: it is the sum of what PyTorch keeps
    /// apart.
    pub bias: bool,
    /// What the forget gate's bias begins with, *in total*: 1 is advised (R. Jozefowicz, W. Zaremba and
    /// I. Sutskever, 2015). `None`: drawn like the others.
    pub forget_bias: Option<f64>,
    /// Do the gates look at the cell (F. Gers and J. Schmidhuber, 2000)?
    pub peepholes: bool,
    /// `P`: the state that is fed back and handed on is `h P`, of this width (H. Sak, A. Senior and F. Beaufays,
    /// 2014).
    pub projection: Option<usize>,
    /// `f = 1 − i`: what is forgotten is what is written over (K. Greff et al., 2017). There is no forget gate then.
    pub coupled: bool,
    /// The cell is held between `−k` and `k` (H. Sak, A. Senior and F. Beaufays, 2014).
    pub cell_clip: Option<f64>,
    /// Layer normalisation, with this `ε`; 10⁻⁵ is usual (J. L. Ba, J. R. Kiros and G. E. Hinton, 2016).
    pub layer_norm: Option<f64>,
    /// The squashes.
    pub activations: Activations<T>,
}

impl<T: Real> Default for Form<T> {
    fn default() -> Self {
        Self {
            bias: true,
            forget_bias: None,
            peepholes: false,
            projection: None,
            coupled: false,
            cell_clip: None,
            layer_norm: None,
            activations: Activations::default(),
        }
    }
}

/// The three squashes of an LSTM.
#[derive(Debug, Clone, Copy)]
pub struct Activations<T: Real> {
    /// Of `i`, `f` and `o`: `σ`.
    pub gate: Activation<T>,
    /// Of `g`: `tanh`.
    pub candidate: Activation<T>,
    /// Of the cell on its way out: `tanh`.
    pub output: Activation<T>,
}

impl<T: Real> Default for Activations<T> {
    fn default() -> Self {
        Self { gate: Activation::Sigmoid, candidate: Activation::Tanh, output: Activation::Tanh }
    }
}

impl<T: Real> Form<T> {
    /// How many blocks the weights have: 4, or 3 without a forget gate.
    pub fn gates(&self) -> usize {
        if self.coupled { 3 } else { 4 }
    }

    /// Refuses what contradicts itself.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |what: &str, rule: &str, remedy| {
            Err(Error::Data { what: format!("an LSTM with {what}"), rule: rule.into(), remedy })
        };
        match *self {
            Self { forget_bias: Some(_), bias: false, .. } => refuse(
                "a forget bias, but no bias",
                "the forget gate's bias is a part of the bias",
                "say `bias: true`, or `forget_bias: None`",
            ),
            Self { forget_bias: Some(_), coupled: true, .. } => refuse(
                "a forget bias, but no forget gate",
                "where the gates are coupled, f = 1 − i",
                "say `coupled: false`, or `forget_bias: None` and let the bias of i begin below 0",
            ),
            Self { cell_clip: Some(k), .. } if k.is_nan() || k <= 0.0 => refuse(
                &format!("a cell clip of {k}"),
                "the cell is held between −k and k",
                "let k be above 0, or say `cell_clip: None`",
            ),
            Self { layer_norm: Some(epsilon), .. } if epsilon.is_nan() || epsilon < 0.0 => refuse(
                &format!("a layer normalisation with ε = {epsilon}"),
                "ε is added to a variance",
                "let ε be 10⁻⁵, say",
            ),
            _ => Ok(()),
        }
    }
}
