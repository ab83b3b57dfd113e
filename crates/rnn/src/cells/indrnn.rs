//! `h′ = f(x W + u ⊙ h + b)`, the independently recurrent network: S. Li et al., 2018.
//!
//! Each unit remembers itself alone, so that `∂hₜ/∂hₜ₋ₙ = Π f′ uⁿ` can be read off `u`: with `|u| ≤ 2^(1/T)` and a ReLU,
//! what a unit remembers over `T` steps is at most doubled. Units meet in the next layer.
//!
//! A step is one [`Pointwise`] node and no product.

use crate::{Activation, Bound, Cell, Input, ParamStore, Result, Widths, init::Init};
use rand::Rng;
use tape::{ParamId, Pointwise, Real, Var};

/// See the [module](self). State: `h [B, H]`.
#[derive(Debug, Clone)]
pub struct IndRnn<T: Real> {
    /// Input weights `[X, H]`.
    pub w: ParamId,
    /// Recurrent weights `[H]`, one for each unit.
    pub u: ParamId,
    /// Bias `[H]`, if it has one.
    pub b: Option<ParamId>,
    /// H
    pub hidden: usize,
    activation: Activation<T>,
    /// `(x, u, h) ↦ h′`
    formula: Option<Pointwise<3, 1>>,
}

/// The variants of an [`IndRnn`], by name. What is not said is the paper's.
#[derive(Debug, Clone, Copy)]
pub struct Form<T: Real> {
    /// Is there a bias? Yes, unless said otherwise.
    pub bias: bool,
    /// `f`, a ReLU unless said otherwise.
    pub activation: Activation<T>,
}

impl<T: Real> Default for Form<T> {
    fn default() -> Self {
        Self { bias: true, activation: Activation::Relu }
    }
}

impl<T: Real> IndRnn<T> {
    /// A cell with new parameters `{name}.w`, `{name}.u` and, as the form says, `{name}.b` in `store`, all drawn from
    /// `init`.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn new(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        form: Form<T>,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let mut add = |part: &str, shape: &[usize]| {
            store.add(format!("{name}.{part}"), init.sample(shape, rng))
        };
        let (w, u) = (add("w", &[inputs, hidden])?, add("u", &[hidden])?);
        let b = form.bias.then(|| add("b", &[hidden])).transpose()?;
        let Form { activation, .. } = form;
        let formula = Pointwise::if_some(|[x, u, h]| Some([activation.in_formula(x + u * h)?]));
        Ok(Self { w, u, b, hidden, activation, formula })
    }

    /// `f`
    pub fn activation(&self) -> Activation<T> {
        self.activation
    }
}

impl<T: Real> Cell<T> for IndRnn<T> {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), self.b.map(|b| p.var(b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        match &self.formula {
            Some(formula) => formula.apply(&[x, p.var(self.u), h])[0],
            None => self.step_in_parts(p, x, h, &mut |_, _| {}),
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
        let a = x + p.var(self.u) * h;
        show("a", a);
        self.activation.of(a)
    }
}
