//! `hₜ = f(xₜ W + hₜ₋₁ U + b)`: Elman, *Finding Structure in Time*, 1990.
//!
//! Its gradient by hand: [`by_hand::elman`](crate::by_hand::elman).

use crate::{
    Activation, Bound, Cell, Input, ParamStore, Result, Widths,
    init::{Identity, Init, Normal},
};
use rand::Rng;
use tape::{ParamId, Real, Var};

/// See the [module](self). State: `h [B, H]`.
#[derive(Debug, Clone)]
pub struct Elman<T: Real> {
    /// Input weights `[X, H]`.
    pub w: ParamId,
    /// Recurrent weights `[H, H]`.
    pub u: ParamId,
    /// Bias `[H]`, if it has one.
    pub b: Option<ParamId>,
    /// `f`
    pub activation: Activation<T>,
    /// H
    pub hidden: usize,
}

impl<T: Real> Elman<T> {
    /// A cell with new parameters `{name}.w`, `{name}.u` and `{name}.b` in `store`, all drawn from `init`, with
    /// `f = tanh`. Change the fields for anything else; a bias that is taken away stays in the store unused, so
    /// prefer [`without_bias`](Elman::without_bias).
    pub fn new(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let mut cell = Self::without_bias(store, name, (inputs, hidden), init, rng)?;
        cell.b = Some(store.add(format!("{name}.b"), init.sample(&[hidden], rng))?);
        Ok(cell)
    }

    /// [`new`](Elman::new), with no bias.
    pub fn without_bias(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        Ok(Self {
            w: store.add(format!("{name}.w"), init.sample(&[inputs, hidden], rng))?,
            u: store.add(format!("{name}.u"), init.sample(&[hidden, hidden], rng))?,
            b: None,
            activation: Activation::Tanh,
            hidden,
        })
    }

    /// The IRNN: `f = ReLU`, `U = a I`, `b = 0`, and `W ~ N(0, 0.001²)`. With `a = 1` it copies its state until it learns
    /// otherwise. (Q. Le, N. Jaitly and G. Hinton, 2015)
    ///
    /// # Errors
    /// A name that is taken.
    pub fn irnn(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        a: f64,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let cell = Self::new(store, name, (inputs, hidden), &Normal { std: 0.001 }, rng)?;
        *store.get_mut(cell.u) = Identity { scale: a }.sample(&[hidden, hidden], rng);
        if let Some(b) = cell.b {
            store.get_mut(b).fill(T::ZERO);
        }
        Ok(cell.with_activation(Activation::Relu))
    }

    /// The same cell with another `f`.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation<T>) -> Self {
        self.activation = activation;
        self
    }
}

impl<T: Real> Cell<T> for Elman<T> {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), self.b.map(|b| p.var(b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        match self.activation {
            Activation::Tanh => h.affine_tanh(p.var(self.u), x),
            _ => self.activation.of(h.affine(p.var(self.u), x)),
        }
    }

    /// Shows `a`, what `f` is applied to.
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        h: Var<'t, T>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Var<'t, T> {
        let a = h.affine(p.var(self.u), x);
        show("a", a);
        self.activation.of(a)
    }
}
