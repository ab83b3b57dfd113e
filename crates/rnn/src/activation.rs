//! The squash of a simple recurrence.

use std::fmt;
use tape::{Real, Var};

/// `f` in `hₜ = f(aₜ)`: one of four, or any function of a variable.
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
    /// A function of one's own: any composition of ops that keeps the shape.
    Custom(for<'t> fn(Var<'t, T>) -> Var<'t, T>),
}

impl<T: Real> fmt::Debug for Activation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "Identity",
            Self::Tanh => "Tanh",
            Self::Relu => "Relu",
            Self::Sigmoid => "Sigmoid",
            Self::Custom(_) => "Custom",
        })
    }
}

impl<T: Real> Activation<T> {
    /// `f(a)`, element by element.
    #[track_caller]
    pub fn of<'t>(&self, a: Var<'t, T>) -> Var<'t, T> {
        match self {
            Self::Identity => a,
            Self::Tanh => a.tanh(),
            Self::Relu => a.relu(),
            Self::Sigmoid => a.sigmoid(),
            Self::Custom(f) => f(a),
        }
    }
}
