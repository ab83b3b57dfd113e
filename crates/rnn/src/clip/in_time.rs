//! A bound on every adjoint inside the recurrence.
//!
//! ```text
//! δₜ ← δₜ min(1, c/‖δₜ‖)        RowNorm: each row by itself; Norm: all rows together
//! δₜ ← min(max(δₜ, −c), c)      Value
//! ```
//!
//! [`global_norm`](super::global_norm) shortens the finished gradient once for an update; this clips `δₜ = dL/dsₜ` at each step before it goes
//! on to step t − 1, so that it cannot grow over many steps at all. (T. Mikolov, 2012; A. Graves, 2013) What comes out is
//! the gradient of no function any more once anything was clipped: the counts say how often that is.

use crate::{Bound, Cell, Input, State, Widths};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tape::{
    Adjoint, Clip, Inputs, Misfit, Op, Output, Real, Shape, Var,
    ops::gradient::clip_gradient::ClipGradient,
};

/// A cell that clips what comes back into each part of its state.
///
/// ```
/// use rnn::{clip::{Counts, InTime}, Cell, Elman, ParamStore, init::Identity, unroll, Input};
/// use tape::{Clip, Tape};
/// # use rand::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// # let mut store = ParamStore::<f64>::new();
/// let inner = Elman::without_bias(&mut store, "rnn", (1, 1), &Identity { scale: 0.5 }, &mut rng)?;
/// let counts = Counts::new();
/// let cell = InTime::new(inner, Clip::RowNorm(0.1)).counted(&counts);
/// let tape = Tape::new();
/// let xs = Input::Dense(tape.constant(ndarray::Array3::zeros((6, 1, 1))));
/// let last = unroll(&cell, store.bind(&tape), &xs, cell.zeros(&tape, 1)).last();
/// # let last = last.ok_or("no step").unwrap_or_else(|e| panic!("{e}"));
/// tape.backward(last.sum());
/// assert_eq!((counts.seen(), counts.clipped(), counts.largest()), (6, 1, 1.0));
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct InTime<C, T> {
    cell: C,
    rule: Clip<T>,
    counts: Option<Counts>,
}

impl<C, T: Real> InTime<C, T> {
    /// `cell`, every part of whose state is clipped on the way back.
    pub fn new(cell: C, rule: Clip<T>) -> Self {
        Self { cell, rule, counts: None }
    }

    /// The same, with every sweep counted.
    #[must_use]
    pub fn counted(self, counts: &Counts) -> Self {
        Self { counts: Some(counts.clone()), ..self }
    }

    /// The cell inside.
    pub fn cell(&self) -> &C {
        &self.cell
    }

    #[track_caller]
    fn clipped<'t, S: State<'t, T>>(&self, state: S) -> S
    where
        T: 't,
    {
        state.map(&mut |part| match &self.counts {
            Some(counts) => {
                part.apply(Counted { clip: ClipGradient(self.rule), counts: counts.clone() })
            }
            None => part.clip_gradient(self.rule),
        })
    }
}

impl<T: Real, C: Cell<T>> Cell<T> for InTime<C, T> {
    type State<'t> = C::State<'t>;

    fn widths(&self) -> Widths {
        self.cell.widths()
    }

    fn output_width(&self) -> usize {
        self.cell.output_width()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        self.cell.project(p, x)
    }

    fn step<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        self.clipped(self.cell.step(p, x, state))
    }

    fn step_in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        state: Self::State<'t>,
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> Self::State<'t> {
        self.clipped(self.cell.step_in_parts(p, x, state, show))
    }
}

/// How often something was clipped. A handle: its clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    seen: AtomicU64,
    clipped: AtomicU64,
    /// The bits of a float that is not negative: they are in the order of the numbers.
    largest: AtomicU64,
}

impl Counts {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many adjoints a rule looked at: rows, whole arrays or entries.
    pub fn seen(&self) -> u64 {
        self.0.seen.load(Relaxed)
    }

    /// How many of them it made smaller.
    pub fn clipped(&self) -> u64 {
        self.0.clipped.load(Relaxed)
    }

    /// The largest, before it was clipped; NaN if one was.
    pub fn largest(&self) -> f64 {
        f64::from_bits(self.0.largest.load(Relaxed))
    }

    /// `clipped / seen`, 0 if nothing was seen.
    pub fn rate(&self) -> f64 {
        self.clipped() as f64 / self.seen().max(1) as f64
    }

    /// Begins again.
    pub fn reset(&self) {
        for number in [&self.0.seen, &self.0.clipped, &self.0.largest] {
            number.store(0, Relaxed);
        }
    }

    fn count(&self, magnitude: f64, limit: f64) {
        self.0.seen.fetch_add(1, Relaxed);
        self.0.clipped.fetch_add(u64::from(magnitude > limit), Relaxed);
        self.0.largest.fetch_max(magnitude.abs().to_bits(), Relaxed);
    }
}

/// [`ClipGradient`] that counts.
#[derive(Debug)]
struct Counted<T> {
    clip: ClipGradient<T>,
    counts: Counts,
}

impl<T: Real> Op<T> for Counted<T> {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        self.clip.shape(x)
    }
    fn view(&self, _: Inputs<'_, T>) -> Option<usize> {
        Some(0)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        self.clip.forward(x, y, saved);
    }
    fn backward(&self, i: usize, x: Inputs<'_, T>, y: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let row = x.shape(0).last().copied().unwrap_or(1).max(1);
        let (limit, together) = match self.clip.0 {
            Clip::Value(limit) => (limit, 1),
            Clip::Norm(limit) => (limit, dy.len().max(1)),
            Clip::RowNorm(limit) => (limit, row),
        };
        for adjoint in dy.chunks(together) {
            self.counts.count(norm(adjoint), limit.primal());
        }
        self.clip.backward(i, x, y, dy, dx);
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

/// Scaled, so that no square overflows or vanishes.
fn norm<T: Real>(adjoint: &[T]) -> f64 {
    let size = |x: &T| x.primal().abs();
    let scale =
        adjoint.iter().map(size).fold(0.0, |max, x| if x > max || x.is_nan() { x } else { max });
    if scale == 0.0 || !scale.is_finite() || adjoint.len() == 1 {
        return scale;
    }
    scale * adjoint.iter().map(|x| (size(x) / scale).powi(2)).sum::<f64>().sqrt()
}
