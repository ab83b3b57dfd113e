//! The network that reads its own output: M. I. Jordan, *Serial Order*, 1986.
//!
//! ```text
//! h = f(x W + y U + b)                                hidden
//! y′ = g(h V + c)                                     output, and state
//! ```
//!
//! Running free, a step reads the `y` of the step before. With *teacher forcing* (R. J. Williams and D. Zipser, 1989) it
//! reads the target in its place: [`Jordan::taught`]. A target is given and depends on nothing, so that no gradient goes
//! through time, and all steps can be taken at once.

use crate::{Activation, Bound, Cell, Input, ParamStore, Result, Widths, init::Init};
use rand::Rng;
use tape::{ParamId, Real, Var};

/// See the [module](self). State: `y [B, O]`.
#[derive(Debug, Clone)]
pub struct Jordan<T: Real> {
    /// Input weights `[X, H]`.
    pub w: ParamId,
    /// Weights of the output that is fed back, `[O, H]`.
    pub u: ParamId,
    /// Bias of the hidden layer `[H]`, if it has one.
    pub b: Option<ParamId>,
    /// Output weights `[H, O]`.
    pub v: ParamId,
    /// Bias of the output `[O]`, if it has one.
    pub c: Option<ParamId>,
    /// `f`
    pub activation: Activation<T>,
    /// `g`
    pub output_activation: Activation<T>,
    /// O
    pub outputs: usize,
}

/// The variants of a [`Jordan`] network, by name.
#[derive(Debug, Clone, Copy)]
pub struct Form<T: Real> {
    /// Are there biases? Yes, unless said otherwise.
    pub bias: bool,
    /// `f`: `tanh` unless said otherwise.
    pub activation: Activation<T>,
    /// `g`: the identity unless said otherwise.
    pub output: Activation<T>,
}

impl<T: Real> Default for Form<T> {
    fn default() -> Self {
        Self { bias: true, activation: Activation::Tanh, output: Activation::Identity }
    }
}

impl<T: Real> Jordan<T> {
    /// A cell with new parameters `{name}.w`, `{name}.u`, `{name}.v` and, as the form says, `{name}.b` and `{name}.c` in
    /// `store`, all drawn from `init`.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn new(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, hidden, outputs): (usize, usize, usize),
        form: Form<T>,
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let mut add = |part: &str, shape: &[usize]| {
            store.add(format!("{name}.{part}"), init.sample(shape, rng))
        };
        Ok(Self {
            w: add("w", &[inputs, hidden])?,
            u: add("u", &[outputs, hidden])?,
            b: form.bias.then(|| add("b", &[hidden])).transpose()?,
            v: add("v", &[hidden, outputs])?,
            c: form.bias.then(|| add("c", &[outputs])).transpose()?,
            activation: form.activation,
            output_activation: form.output,
            outputs,
        })
    }

    /// The outputs `[T, B, O]` for inputs `xs` `[T, B, X]` under teacher forcing: step `t` reads `targets` `[T, B, O]` of
    /// step `t − 1`, the first one `start` `[B, O]`.
    ///
    /// Targets are cut off from whatever made them. `start` is not: it may be learned.
    ///
    /// ```
    /// use rand::SeedableRng;
    /// use rnn::{Input, Jordan, ParamStore, cells::jordan::Form, init::Uniform};
    /// use tape::Tape;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let mut store = ParamStore::<f64>::new();
    /// let init = Uniform::recurrent(8);
    /// let cell = Jordan::new(&mut store, "jordan", (2, 8, 1), Form::default(), &init, &mut rng)?;
    ///
    /// let tape = Tape::new();
    /// let xs = Input::Dense(tape.zeros(&[10, 4, 2])); //  [T, B, X]
    /// let targets = tape.zeros(&[10, 4, 1]); //          [T, B, O]
    /// let outputs = cell.taught(store.bind(&tape), xs, tape.zeros(&[4, 1]), targets);
    /// assert_eq!(outputs.shape()[..], [10, 4, 1]);
    /// # Ok::<(), rnn::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit each other or the cell.
    #[track_caller]
    pub fn taught<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: Input<'t, '_, T>,
        start: Var<'t, T>,
        targets: Var<'t, T>,
    ) -> Var<'t, T> {
        let steps = targets.shape()[0];
        let xs = self.project(p, xs);
        if steps == 0 {
            return targets;
        }
        let before = targets.slice(0, 0..steps - 1).detach();
        let before = p.tape().concat(0, &[start.unsqueeze(0), before]);
        let outputs = self.step(p, xs, before);
        p.tape().let_go(xs);
        outputs
    }

    /// `g(h V + c)`
    #[track_caller]
    fn output<'t>(&self, p: Bound<'t, '_, T>, h: Var<'t, T>) -> Var<'t, T> {
        self.output_activation.of(match self.c {
            Some(c) => h.affine(p.var(self.v), p.var(c)),
            None => h.matmul(p.var(self.v)),
        })
    }
}

impl<T: Real> Cell<T> for Jordan<T> {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.outputs].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), self.b.map(|b| p.var(b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        self.output(
            p,
            match self.activation {
                Activation::Tanh => y.affine_tanh(p.var(self.u), x),
                _ => self.activation.of(y.affine(p.var(self.u), x)),
            },
        )
    }

    /// Shows `a`, what `f` is applied to, and `h`.
    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        y: Var<'t, T>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Var<'t, T> {
        let a = y.affine(p.var(self.u), x);
        show("a", a);
        let h = self.activation.of(a);
        show("h", h);
        self.output(p, h)
    }
}
