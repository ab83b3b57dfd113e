//! Long short-term memory, a cell that is added to: S. Hochreiter and J. Schmidhuber, 1997; with the forget gate of F.
//! Gers, J. Schmidhuber and F. Cummins, 2000.
//!
//! ```text
//! i = σ(x Wᵢ + h Uᵢ + bᵢ + pᵢ ⊙ c)                    the input gate
//! f = σ(x W_f + h U_f + b_f + p_f ⊙ c)                the forget gate; coupled: f = 1 − i
//! g = tanh(x W_g + h U_g + b_g)                       the candidate
//! c′ = f ⊙ c + i ⊙ g                                  clipped: held between −k and k
//! o = σ(x Wₒ + h Uₒ + bₒ + pₒ ⊙ c′)                   the output gate, which looks at the new cell
//! h′ = (o ⊙ tanh c′) P
//! ```
//!
//! The peepholes `p` and the projection `P` are there if the [`Form`] says so. The blocks stand side by side in the order
//! `i, f, g, o` (coupled: `i, g, o`), as in PyTorch.
//!
//! Layer normalisation (J. L. Ba, J. R. Kiros and G. E. Hinton, 2016) takes the blocks together as one row of `4H`:
//! `LN(x W) + LN(h U) + b` in place of `x W + h U + b`, and `tanh LN(c′)` in place of `tanh c′`; each `LN` has its own
//! gain and shift.
//!
//! A step is one product and one [`Pointwise`] node; with layer normalisation there are two `LN`, a sum
//! and a second such node beside it. A squash that formulas cannot express ([`in_formula`](crate::Activation::in_formula)) takes a step
//! of primitive ops.
//!
//! ```
//! use rand::SeedableRng;
//! use rnn::{Cell, Input, Lstm, ParamStore, cells::lstm::Form, init::Uniform};
//! use tape::Tape;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut store = ParamStore::<f64>::new();
//! let form = Form { forget_bias: Some(1.0), peepholes: true, ..Form::default() };
//! let cell = Lstm::new(&mut store, "lstm", (2, 8), form, &Uniform::recurrent(8), &mut rng)?;
//!
//! let tape = Tape::new();
//! let p = store.bind(&tape);
//! let x = cell.project(p, Input::Dense(tape.leaf(ndarray::arr2(&[[0.5, -0.5]]))));
//! let (mut forget, start) = (None, cell.zeros(&tape, 1));
//! let (h, _) = cell.step_in_parts(p, x, start, &mut |name, gate| {
//!     if name == "f" {
//!         forget = Some(gate);
//!     }
//! });
//! assert_eq!(h.value(), cell.step(p, x, start).0.value());
//! assert!(forget.is_some_and(|f| f.value().iter().all(|&f| f > 0.5)));
//! # Ok::<(), rnn::Error>(())
//! ```

pub(in crate::cells) mod chrono;
mod form;
mod gates;
mod parts;

pub use form::{Activations, Form};

use super::side_by_side;
use crate::{Bound, Cell, Input, ParamStore, Result, Widths, init::Init};
use gates::Gates;
use ndarray::{ArrayD, IxDyn, Slice};
use rand::Rng;
use smallvec::SmallVec;
use std::iter::once;
use tape::{ParamId, Pointwise, Preactivation, Real, Var};

/// See the [module](self). State: `(h [B, R], c [B, H])`, where `R = H`, or `P` with a projection. `G = 4`, coupled 3.
#[derive(Debug, Clone)]
pub struct Lstm<T: Real> {
    /// Input weights `[X, G·H]`.
    pub w: ParamId,
    /// Recurrent weights `[R, G·H]`.
    pub u: ParamId,
    /// Bias `[G·H]`, if it has one.
    pub b: Option<ParamId>,
    /// Peepholes `pᵢ, p_f, pₒ`, `[3H]` (coupled: `pᵢ, pₒ`, `[2H]`), if it has them.
    pub peepholes: Option<ParamId>,
    /// Projection `[H, P]`, if it has one.
    pub projection: Option<ParamId>,
    /// Gains and shifts, if it is normalised.
    pub norm: Option<Norm>,
    /// H
    pub hidden: usize,
    form: Form<T>,
    gates: Option<Gates>,
    /// `(o, LN c′) ↦ o ⊙ s(LN c′)`
    outlet: Option<Pointwise<2, 1>>,
}

/// The parameters of the three normalisations.
#[derive(Debug, Clone, Copy)]
pub struct Norm {
    /// Gain and shift of `LN(x W)`, `[G·H]` each.
    pub input: (ParamId, ParamId),
    /// Gain and shift of `LN(h U)`, `[G·H]` each.
    pub recurrent: (ParamId, ParamId),
    /// Gain and shift of `LN(c)`, `[H]` each.
    pub cell: (ParamId, ParamId),
}

impl<T: Real> Lstm<T> {
    /// A cell with new parameters in `store`: `{name}.w`, `{name}.u`, and as the form says `{name}.b`,
    /// `{name}.peepholes`, `{name}.projection`, `{name}.norm.{input, recurrent, cell}.{gain, shift}`.
    ///
    /// Every block `[.., H]` is drawn from `init` by itself, but the forget gate's bias as the form says; gains begin
    /// with 1, shifts with 0.
    ///
    /// # Errors
    /// A name that is taken, or a form that contradicts itself.
    pub fn new(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden): (usize, usize),
        form: Form<T>,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        form.check()?;
        let (gates, recurrent) = (form.gates(), form.projection.unwrap_or(hidden));
        let w = side_by_side(gates, &[inputs, hidden], init, rng);
        let u = side_by_side(gates, &[recurrent, hidden], init, rng);
        let b = form.bias.then(|| {
            let mut b = side_by_side(gates, &[hidden], init, rng);
            if let Some(forget) = form.forget_bias {
                b.slice_each_axis_mut(|_| Slice::from(hidden..2 * hidden)).fill(T::of(forget));
            }
            b
        });
        let peepholes = form.peepholes.then(|| side_by_side(gates - 1, &[hidden], init, rng));
        let projection = form.projection.map(|p| init.sample(&[hidden, p], rng));

        let mut add = |part: &str, value| store.add(format!("{name}.{part}"), value);
        Ok(Self {
            w: add("w", w)?,
            u: add("u", u)?,
            b: b.map(|b| add("b", b)).transpose()?,
            peepholes: peepholes.map(|p| add("peepholes", p)).transpose()?,
            projection: projection.map(|p| add("projection", p)).transpose()?,
            norm: match form.layer_norm {
                Some(_) => Some(Norm::new(gates * hidden, hidden, &mut add)?),
                None => None,
            },
            hidden,
            gates: Gates::new(&form),
            outlet: Pointwise::if_some(|[o, c]| {
                Some([o * form.activations.output.in_formula(c)?])
            }),
            form,
        })
    }

    /// Which LSTM it is.
    pub fn form(&self) -> &Form<T> {
        &self.form
    }

    /// `x W + b + h U`, from the projected input: `[B, G·H]`.
    #[track_caller]
    fn blocks<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        match self.norm {
            Some(norm) => self.normalised(p, h.matmul(p.var(self.u)), norm.recurrent) + x,
            None => h.affine(p.var(self.u), x),
        }
    }

    #[track_caller]
    fn normalised<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        (gain, shift): (ParamId, ParamId),
    ) -> Var<'t, T> {
        let epsilon = T::of(self.form.layer_norm.unwrap_or(1e-5));
        x.layer_norm(1, Some(p.var(gain)), Some(p.var(shift)), epsilon)
    }

    /// `m P`
    #[track_caller]
    fn projected<'t>(&self, p: Bound<'t, '_, T>, m: Var<'t, T>) -> Var<'t, T> {
        self.projection.map_or(m, |projection| m.matmul(p.var(projection)))
    }
}

impl Norm {
    fn new<T: Real>(
        blocks: usize,
        hidden: usize,
        add: &mut impl FnMut(&str, ArrayD<T>) -> Result<ParamId>,
    ) -> Result<Self> {
        let mut pair = |part: &str, width: usize| {
            let all = |x| ArrayD::from_elem(IxDyn(&[width]), x);
            let gain = add(&format!("norm.{part}.gain"), all(T::ONE))?;
            Ok::<_, crate::Error>((gain, add(&format!("norm.{part}.shift"), all(T::ZERO))?))
        };
        Ok(Self {
            input: pair("input", blocks)?,
            recurrent: pair("recurrent", blocks)?,
            cell: pair("cell", hidden)?,
        })
    }
}

impl<T: Real> Cell<T> for Lstm<T> {
    type State<'t> = (Var<'t, T>, Var<'t, T>);

    fn widths(&self) -> Widths {
        [self.form.projection.unwrap_or(self.hidden), self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        let (w, b) = (p.var(self.w), self.b.map(|b| p.var(b)));
        let Some(norm) = self.norm else { return x.project(w, b) };
        let x = self.normalised(p, x.matmul(w), norm.input);
        b.map_or(x, |b| x + b)
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        (h, c): Self::State<'t>,
    ) -> Self::State<'t> {
        let (Some(gates), Some(outlet)) = (&self.gates, &self.outlet) else {
            return self.step_in_parts(p, x, (h, c), &mut |_, _| {});
        };
        let peepholes = self.peepholes.map(|peepholes| p.var(peepholes));
        let rest: SmallVec<[_; 2]> = once(c).chain(peepholes).collect();
        let z = match self.norm {
            Some(_) => self.blocks(p, x, h).into(),
            None => Preactivation::affine(h, p.var(self.u), x),
        };
        let [m, c] = gates.activate(z, &rest);
        let m = match self.norm {
            Some(norm) => outlet.apply(&[m, self.normalised(p, c, norm.cell)])[0],
            None => m,
        };
        (self.projected(p, m), c)
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.in_parts(p, x, state, show)
    }
}
