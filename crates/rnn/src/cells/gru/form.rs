//! Which GRU it is.

use crate::Activation;
use tape::Real;

/// Where the reset gate acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reset {
    /// On `h Uₙ + bₕₙ`: PyTorch, cuDNN, Keras with `reset_after`, ONNX with `linear_before_reset`.
    #[default]
    After,
    /// On `h`, before the product: Cho et al., 2014.
    Before,
}

/// What the update gate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Update {
    /// `h′ = (1 − z) ⊙ n + z ⊙ h`: Cho et al., 2014, and all frameworks.
    #[default]
    Keep,
    /// `h′ = (1 − z) ⊙ h + z ⊙ n`: J. Chung et al., 2014.
    Replace,
}

/// The variants of a GRU, by name. What is not said is PyTorch's.
#[derive(Debug, Clone, Copy)]
pub struct Form<T: Real> {
    /// Are there biases? Yes, unless said otherwise.
    pub bias: bool,
    /// Where the reset gate acts.
    pub reset: Reset,
    /// What the update gate means.
    pub update: Update,
    /// The squash of `r` and `z`: `σ`.
    pub gate: Activation<T>,
    /// The squash of `n`: `tanh`.
    pub candidate: Activation<T>,
}

impl<T: Real> Default for Form<T> {
    fn default() -> Self {
        Self {
            bias: true,
            reset: Reset::After,
            update: Update::Keep,
            gate: Activation::Sigmoid,
            candidate: Activation::Tanh,
        }
    }
}
