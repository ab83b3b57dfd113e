//! `h′ = a ⊙ h + x W + b`, a linear recurrence whose units decay each at its own rate.
//!
//! ```text
//! a = e^(−e^ν)                                        between 0 and 1 whatever ν is
//! ∂hₜ/∂hₜ₋ₙ = aⁿ,   half of which is left after n = ln 2 / e^ν steps
//! ```
//!
//! What is learned is `ν`: no step of an optimizer makes the recurrence explode, and rates close to 1 are as easy to
//! tell apart as those close to 0. This is the real-valued case of the LRU (A. Orvieto et al., 2023, whose `a` also turns,
//! by `e^(iθ)`), and of S4D-Real (A. Gu et al., 2022, with `e^ν = Δ |λ|`).
//!
//! A step is one [`Pointwise`] node and no product. What makes a network of it nonlinear stands between the layers.

use crate::{Bound, Cell, Input, ParamStore, Result, Widths, init::Init};
use ndarray::{ArrayD, IxDyn};
use rand::{Rng, RngExt};
use tape::{ParamId, Pointwise, Real, Var};

/// See the [module](self). State: `h [B, H]`.
#[derive(Debug, Clone)]
pub struct Diagonal {
    /// Input weights `[X, H]`.
    pub w: ParamId,
    /// The rates `ν`, `[H]`.
    pub nu: ParamId,
    /// Bias `[H]`, if it has one.
    pub b: Option<ParamId>,
    /// H
    pub hidden: usize,
    /// `(x, ν, h) ↦ h′`
    formula: Pointwise<3, 1>,
}

/// The variants of a [`Diagonal`], by name.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Is there a bias? Yes, unless said otherwise.
    pub bias: bool,
    /// Between what `a` is drawn at first, evenly. From 0.5 to 0.99 unless said otherwise.
    pub decay: (f64, f64),
}

impl Default for Form {
    fn default() -> Self {
        Self { bias: true, decay: (0.5, 0.99) }
    }
}

impl Diagonal {
    /// A cell with new parameters `{name}.w`, `{name}.nu` and, as the form says, `{name}.b` in `store`. `W` and `b` are
    /// drawn from `init`.
    ///
    /// # Errors
    /// A name that is taken, or a decay that is not between 0 and 1.
    pub fn new<T: Real>(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        form: Form,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let (low, high) = form.decay;
        if !(0.0 < low && low <= high && high < 1.0) {
            return Err(crate::Error::Data {
                what: format!("a diagonal recurrence with decays from {low} to {high}"),
                rule: "a = e^(−e^ν) is above 0 and below 1".into(),
                remedy: "choose 0 < low ≤ high < 1",
            });
        }
        let nu = ArrayD::from_shape_simple_fn(IxDyn(&[hidden]), || {
            let a = low + (high - low) * rng.random::<f64>();
            T::of((-a.ln()).ln())
        });
        let nu = store.add(format!("{name}.nu"), nu)?;
        let mut add = |part: &str, shape: &[usize]| {
            store.add(format!("{name}.{part}"), init.sample(shape, rng))
        };
        let w = add("w", &[inputs, hidden])?;
        let b = form.bias.then(|| add("b", &[hidden])).transpose()?;
        let formula = Pointwise::new(|[x, nu, h]| [(-nu.exp()).exp() * h + x]);
        Ok(Self { w, nu, b, hidden, formula })
    }
}

impl<T: Real> Cell<T> for Diagonal {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), self.b.map(|b| p.var(b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        self.formula.apply(&[x, p.var(self.nu), h])[0]
    }

    /// Shows `a`, `[H]`.
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        h: Var<'t, T>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Var<'t, T> {
        let a = (-p.var(self.nu).exp()).exp();
        show("a", a);
        a * h + x
    }
}
