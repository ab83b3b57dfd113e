//! The squashes of a recurrence.

use std::fmt;
use tape::{Expr, Real, Var};

/// `f` in `hₜ = f(aₜ)`: one of those that frameworks have names for, or any function of a variable.
///
/// The parameters are those of ONNX: `α` and `β`.
#[derive(Clone, Copy, Default)]
pub enum Activation<T: Real> {
    /// `f(a) = a`
    Identity,
    /// `f(a) = tanh a`
    #[default]
    Tanh,
    /// `f(a) = max(a, 0)`, of slope 0 at 0
    Relu,
    /// `f(a) = σ(a)`
    Sigmoid,
    /// `f(a) = α a + β`
    Affine {
        /// The slope.
        alpha: f64,
        /// The value at 0.
        beta: f64,
    },
    /// `f(a) = α tanh(β a)`
    ScaledTanh {
        /// The limit.
        alpha: f64,
        /// How fast it is approached.
        beta: f64,
    },
    /// `f(a) = α a + β`, held between 0 and 1: ONNX and old Keras have `α = 0.2`, `β = 0.5`, PyTorch has `α = 1/6`
    HardSigmoid {
        /// The slope.
        alpha: f64,
        /// The value at 0.
        beta: f64,
    },
    /// `f(a) = a / (1 + |a|)`
    Softsign,
    /// `f(a) = ln(1 + eᵃ)`
    Softplus,
    /// `f(a) = a` above 0, `α (eᵃ − 1)` below
    Elu {
        /// The depth.
        alpha: f64,
    },
    /// `f(a) = a` above 0, `α a` below
    LeakyRelu {
        /// The slope below 0.
        alpha: f64,
    },
    /// `f(a) = a` above `α`, 0 up to it
    ThresholdedRelu {
        /// The threshold.
        alpha: f64,
    },
    /// A function of one's own: any composition of ops that keeps the shape.
    Custom(for<'t> fn(Var<'t, T>) -> Var<'t, T>),
}

impl<T: Real> fmt::Debug for Activation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("Identity"),
            Self::Tanh => f.write_str("Tanh"),
            Self::Relu => f.write_str("Relu"),
            Self::Sigmoid => f.write_str("Sigmoid"),
            Self::Affine { alpha, beta } => write!(f, "Affine({alpha}, {beta})"),
            Self::ScaledTanh { alpha, beta } => write!(f, "ScaledTanh({alpha}, {beta})"),
            Self::HardSigmoid { alpha, beta } => write!(f, "HardSigmoid({alpha}, {beta})"),
            Self::Softsign => f.write_str("Softsign"),
            Self::Softplus => f.write_str("Softplus"),
            Self::Elu { alpha } => write!(f, "Elu({alpha})"),
            Self::LeakyRelu { alpha } => write!(f, "LeakyRelu({alpha})"),
            Self::ThresholdedRelu { alpha } => write!(f, "ThresholdedRelu({alpha})"),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

impl<T: Real> Activation<T> {
    /// `f(a)`, element by element.
    #[track_caller]
    pub fn of<'t>(&self, a: Var<'t, T>) -> Var<'t, T> {
        match *self {
            Self::Identity => a,
            Self::Tanh => a.tanh(),
            Self::Relu => a.relu(),
            Self::Sigmoid => a.sigmoid(),
            Self::Affine { alpha, beta } => a * T::of(alpha) + T::of(beta),
            Self::ScaledTanh { alpha, beta } => (a * T::of(beta)).tanh() * T::of(alpha),
            Self::HardSigmoid { alpha, beta } => {
                (a * T::of(alpha) + T::of(beta)).clamp(T::ZERO, T::ONE)
            }
            Self::Softsign => a.softsign(),
            Self::Softplus => a.softplus(),
            Self::Elu { alpha } => a.elu(T::of(alpha)),
            Self::LeakyRelu { alpha } => a.leaky_relu(T::of(alpha)),
            // [a > α], which is constant wherever it has a slope, times a.
            Self::ThresholdedRelu { alpha } => (a - T::of(alpha)).sign().relu() * a,
            Self::Custom(f) => f(a),
        }
    }

    /// `f(a)` as part of a [`Pointwise`](tape::Pointwise) formula, with the values and slopes of [`of`](Self::of);
    /// `None` where it needs ops that formulas do not have. A cell with such a squash is made of primitive ops.
    pub fn in_formula<'p>(&self, a: Expr<'p>) -> Option<Expr<'p>> {
        Some(match *self {
            Self::Identity => a,
            Self::Tanh => a.tanh(),
            Self::Relu => a.relu(),
            Self::Sigmoid => a.sigmoid(),
            Self::Affine { alpha, beta } => a * alpha + beta,
            Self::ScaledTanh { alpha, beta } => (a * beta).tanh() * alpha,
            Self::HardSigmoid { alpha, beta } => (a * alpha + beta).clamp(0.0, 1.0),
            Self::Softsign => a / (a.abs() + 1.0),
            Self::Softplus => a.softplus(),
            Self::Elu { .. }
            | Self::LeakyRelu { .. }
            | Self::ThresholdedRelu { .. }
            | Self::Custom(_) => return None,
        })
    }
}
