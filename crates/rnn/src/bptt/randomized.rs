//! Truncation without bias: cut at random, and weigh what was not cut. (C. Tallec and Y. Ollivier, *Unbiasing truncated
//! backpropagation through time*, 2017: ARTBP.)
//!
//! After each step the past is let go with a probability cₜ. Where it is not, what flows back is divided by the
//! probability of that:
//!
//! ```text
//! Xₜ = 1 with probability cₜ, given X₁ … Xₜ₋₁                        cut after step t
//!
//! δ̂ₜ = d⁺Lₜ/dsₜ                                    if Xₜ = 1 or t = T
//! δ̂ₜ = d⁺Lₜ/dsₜ + 1/(1 − cₜ) (∂sₜ₊₁/∂sₜ)ᵀ δ̂ₜ₊₁     otherwise
//!
//! E[δ̂ₜ | X₁ … Xₜ₋₁] = d⁺Lₜ/dsₜ + (1 − cₜ) · 1/(1 − cₜ) · (∂sₜ₊₁/∂sₜ)ᵀ E[δ̂ₜ₊₁ | …] = δₜ
//! ```
//!
//! So the expectation of the gradient is the gradient, for parameters that stay as they are. The price is variance: a path
//! of n steps, if it survives, weighs 1/P(a segment is longer than n). It grows like nᵅ⁻¹ with the rule by age, and
//! exponentially with a constant chance, whose second moment is finite only where paths decay faster.

use super::{
    Block,
    segment::{self, End, Segment, Tally},
};
use crate::{Bound, Cell, Error, ParamStore, Readout, Result, Sequence};
use rand::{Rng, RngExt};
use std::ops::Range;
use tape::{Gradients, Real, Tape, Var};

/// How likely the past is let go, step for step. See the [module](self) for why that has no bias.
///
/// | what undoes it | why |
/// |---|---|
/// | a mean over the steps of a segment | its length is drawn: long segments would count less. Sum, or divide by the mean length L₀ |
/// | clipping the gradient of a segment | E\[clip(ĝ)\] ≠ clip(E\[ĝ\]). Where it is needed, report how often it clips |
/// | chances that depend on data or gradients | the draw must not know what it weighs |
/// | [`capped`](Randomized::capped) | the paths that a cap cuts are lost |
/// | updates between segments | no bias at each value of the parameters, but not one gradient for all: as in any stochastic descent |
///
/// One draw serves a whole batch.
///
/// ```
/// use rand::SeedableRng;
/// use rnn::bptt::Randomized;
///
/// let by_age = Randomized::by_age(16.0, 4.0)?; // segments of 16 steps on the average
/// assert_eq!(by_age.chance(1, 0), 3.0 / (2.0 * 16.0 + 1.0));
/// let mut longer = 1.0; // P(length > n)
/// let lengths = (1..100_000).map(|age| {
///     let now = longer;
///     longer *= 1.0 - by_age.chance(age, age - 1);
///     now
/// });
/// let mean: f64 = lengths.sum(); // E[length] = Σₙ P(length > n)
/// assert!((mean - 16.0).abs() < 1e-4);
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Randomized {
    rule: Rule,
    longest: usize,
    compensated: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Age { mean: f64, alpha: f64 },
    Constant(f64),
    Listed(Vec<f64>),
}

impl Randomized {
    /// c = (α − 1) / ((α − 2) L₀ + a) for a segment of age a, which is 1 at its first step (equation 14 of the paper).
    ///
    /// The mean length is L₀, exactly; P(length > n) falls like n^(1 − α), so that the length has a variance for α > 3.
    /// The authors recommend α = 4 or 6. (Their code calls α − 1 what the paper calls α.)
    ///
    /// # Errors
    /// L₀ ≤ 1 or α ≤ 2, which are no probabilities or no mean.
    pub fn by_age(mean: f64, alpha: f64) -> Result<Self> {
        let possible = mean > 1.0 && alpha > 2.0 && mean.is_finite() && alpha.is_finite();
        if !possible {
            return Err(Error::Data {
                what: format!("segments of {mean} steps on the average, with α = {alpha}"),
                rule: "segments are longer than one step, and have a mean only for α > 2".into(),
                remedy: "let L₀ be more than 1 and α 4 or 6",
            });
        }
        Ok(Self::of(Rule::Age { mean, alpha }))
    }

    /// The same chance at every step. Segments have the mean length 1/c.
    ///
    /// # Errors
    /// A chance outside [0, 1).
    pub fn constant(c: f64) -> Result<Self> {
        possible(&[c]).map(|()| Self::of(Rule::Constant(c)))
    }

    /// A chance for every step of the sequence; after the end of the list its last one.
    ///
    /// # Errors
    /// An empty list, or a chance outside [0, 1).
    pub fn listed(chances: Vec<f64>) -> Result<Self> {
        possible(&chances).map(|()| Self::of(Rule::Listed(chances)))
    }

    fn of(rule: Rule) -> Self {
        Self { rule, longest: usize::MAX, compensated: true }
    }

    /// The same with segments of at most `longest` steps: memory is bounded then, and there is a bias again, which is minus
    /// the sum of all paths over a forced cut. [`Tally::capped`] says how often that was.
    ///
    /// # Errors
    /// A cap of no steps.
    pub fn capped(self, longest: usize) -> Result<Self> {
        if longest == 0 {
            return Err(Error::Data {
                what: "segments of at most 0 steps".into(),
                rule: "a segment has a step".into(),
                remedy: "let the cap be several times the mean length",
            });
        }
        Ok(Self { longest, ..self })
    }

    /// The same without weights: cut at random, and the bias of any truncation. To see what the weights do.
    #[must_use]
    pub fn uncompensated(self) -> Self {
        Self { compensated: false, ..self }
    }

    /// cₜ: the probability of a cut after step `t` (from 0), the `age`th (from 1) of its segment.
    pub fn chance(&self, age: usize, t: usize) -> f64 {
        match &self.rule {
            Rule::Age { mean, alpha } => (alpha - 1.0) / ((alpha - 2.0) * mean + age as f64),
            Rule::Constant(c) => *c,
            Rule::Listed(list) => list.get(t).or(list.last()).copied().unwrap_or(0.0),
        }
    }

    /// P(a segment from step 0 on is longer than `n` steps) = ∏ₜ (1 − cₜ), without a cap.
    pub fn survival(&self, n: usize) -> f64 {
        (1..=n).map(|age| 1.0 - self.chance(age, age - 1)).product()
    }

    /// Moves `segment` on to the one after it, in a sequence of `steps` steps, or says that there is none. `cut` is told a
    /// probability and decides.
    ///
    /// Draw and weight are of the same age: an age too few in the weight is a bias of up to (α − 1)/((α − 2) L₀).
    pub fn next(
        &self,
        segment: &mut Segment,
        steps: usize,
        mut cut: impl FnMut(f64) -> bool,
    ) -> bool {
        let first = segment.steps.end;
        segment.factors.clear();
        if first >= steps {
            segment.steps = first..first;
            return false;
        }
        segment.factors.push(1.0);
        segment.end = loop {
            let age = segment.factors.len();
            let t = first + age - 1;
            if t + 1 == steps {
                break End::Data;
            }
            if age == self.longest {
                break End::Capped;
            }
            let c = self.chance(age, t);
            if cut(c) {
                break End::Drawn;
            }
            segment.factors.push(self.weight(c));
        };
        segment.steps = first..first + segment.factors.len();
        true
    }

    /// 1/(1 − c)
    pub(super) fn weight(&self, c: f64) -> f64 {
        if self.compensated { 1.0 / (1.0 - c) } else { 1.0 }
    }

    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Unrolls `cell` over a sequence of `steps` steps in segments that `rng` draws: as
    /// [`Truncation::run`](super::Truncation::run), with a sweep and an update for each segment.
    ///
    /// Let `loss` be a sum over the steps of its block, not a mean.
    ///
    /// # Errors
    /// What `update` returns, or a `loss` that is not one number.
    #[allow(clippy::too_many_arguments)]
    pub fn run<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        &self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        start: impl FnOnce(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        rng: &mut impl Rng,
        inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>, Tally)> {
        let cut = |c| rng.random::<f64>() < c;
        self.run_by(tape, cell, store, start, steps, readout, cut, inputs, loss, update)
    }

    /// [`run`](Randomized::run) with draws made elsewhere: `cut` is told a probability and decides. So all draws can be
    /// enumerated, or old ones made again.
    ///
    /// # Errors
    /// Those of [`run`](Randomized::run).
    #[allow(clippy::too_many_arguments)]
    pub fn run_by<'t, 'd, T: Real, C: Cell<T>, S: Into<Sequence<'t, 'd, T>>>(
        &self,
        tape: &'t Tape<T>,
        cell: &C,
        store: &mut ParamStore<T>,
        start: impl FnOnce(Bound<'t, '_, T>) -> C::State<'t>,
        steps: usize,
        readout: Readout,
        mut cut: impl FnMut(f64) -> bool,
        inputs: impl FnMut(Bound<'t, '_, T>, Range<usize>) -> S,
        loss: impl FnMut(Bound<'t, '_, T>, Block<'t, T>) -> Var<'t, T>,
        mut update: impl FnMut(&mut ParamStore<T>, &Gradients<T>) -> Result<()>,
    ) -> Result<(T, C::State<'t>, Tally)> {
        let next = |segment: &mut Segment| self.next(segment, steps, &mut cut);
        let update = |store: &mut ParamStore<T>, gradients: &Gradients<T>, _: &Segment| {
            update(store, gradients)
        };
        segment::run(tape, cell, store, start, readout, next, inputs, loss, update)
    }
}

fn possible(chances: &[f64]) -> Result<()> {
    let wrong = chances.iter().find(|c| !(0.0..1.0).contains(*c));
    if chances.is_empty() || wrong.is_some() {
        return Err(Error::Data {
            what: wrong.map_or("no chances".into(), |c| format!("a cut with probability {c}")),
            rule:
                "there is a probability in [0, 1) for every step: a sure cut cannot be made up for"
                    .into(),
            remedy: "for cuts at fixed places take a `Window`",
        });
    }
    Ok(())
}
