//! As long a window as a tolerated bias asks for. (C. Aicher, N. Foti and E. Fox, *Adaptively truncating backpropagation
//! through time to control gradient bias*, UAI 2019.)
//!
//! Let φₖ be the norm of ∂L/∂sₜ₋ₖ for a loss at step t, averaged over steps. What step t − k adds to the gradient is at most
//! φₖ times a constant that does not know k. If φ falls geometrically from some lag on, φₖ₊₁ ≤ β φₖ, then a window of
//! K steps, lags 0 … K − 1, loses
//!
//! ```text
//! lost(K) = Σ_{k ≥ K} φₖ  ≤  Σ_{K ≤ k < n} φₖ + φₙ₋₁ β/(1 − β)      φ₀ … φₙ₋₁ measured, β fitted to ln φ
//! kept(K) = Σ_{k < K} φₖ
//! ```
//!
//! and its relative bias is about lost/kept: an estimate, not a bound, since terms of the gradient may
//! cancel. Where short and long paths oppose each other it is far too small. (The paper relates the lost part to the norm of the
//! gradient itself.)

use crate::{Error, Result, State};
use tape::{Real, Var};

/// φₖ, averaged over the losses that were shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LagNorms {
    sums: Vec<f64>,
    counts: Vec<usize>,
}

impl LagNorms {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures |∂L/∂sₜ₋ₖ| by one sweep: `states` are those of consecutive steps, all parts of a state together,
    /// and `loss` is that of the last.
    ///
    /// # Errors
    /// When `loss` is not one number, or a state has been cut off.
    pub fn measure<'t, T: Real, S: State<'t, T>>(
        &mut self,
        states: &[S],
        loss: Var<'t, T>,
    ) -> Result<()> {
        let parts = states.iter().rev().map(|state| state.parts());
        let parts: Vec<_> = parts.collect();
        for part in parts.iter().flatten() {
            let _ = part.watch();
        }
        let gradients = loss.tape().try_backward(loss)?;
        for (lag, parts) in parts.iter().enumerate() {
            let mut square = 0.0;
            for part in parts {
                square += gradients.get(*part)?.iter().map(|g| g.primal().powi(2)).sum::<f64>();
            }
            self.add(lag, square.sqrt());
        }
        Ok(())
    }

    /// Takes in a norm that was measured otherwise.
    pub fn add(&mut self, lag: usize, norm: f64) {
        if lag >= self.sums.len() {
            self.sums.resize(lag + 1, 0.0);
            self.counts.resize(lag + 1, 0);
        }
        self.sums[lag] += norm;
        self.counts[lag] += 1;
    }

    /// φ₀, φ₁, …
    pub fn means(&self) -> Vec<f64> {
        self.sums.iter().zip(&self.counts).map(|(sum, &n)| sum / n.max(1) as f64).collect()
    }
}

/// How φ falls: φₖ ≈ φ₀ βᵏ.
#[derive(Debug, Clone, PartialEq)]
pub struct Decay {
    /// β
    pub rate: f64,
    norms: Vec<f64>,
}

impl Decay {
    /// β from the slope of ln φₖ over the lags from `from` on, by least squares.
    ///
    /// # Errors
    /// Fewer than two lags to fit, or norms that are not positive numbers.
    pub fn fit(norms: &[f64], from: usize) -> Result<Self> {
        let tail = norms.get(from..).unwrap_or_default();
        if tail.len() < 2 || norms.iter().any(|&norm| !(norm.is_finite() && norm >= 0.0)) {
            return Err(Error::Data {
                what: format!("a decay of {} norms from lag {from} on", norms.len()),
                rule: "a slope needs two finite norms or more".into(),
                remedy: "measure more lags",
            });
        }
        // What has underflowed says nothing about the slope.
        let points = tail.iter().enumerate().filter(|(_, norm)| **norm > 0.0);
        let points: Vec<_> = points.map(|(k, norm)| (k as f64, norm.ln())).collect();
        let n = points.len() as f64;
        let sum = |f: &dyn Fn(f64, f64) -> f64| points.iter().map(|&(k, y)| f(k, y)).sum::<f64>();
        let (k, y) = (sum(&|k, _| k) / n, sum(&|_, y| y) / n);
        let spread = sum(&|x, _| (x - k).powi(2));
        let rate =
            if points.len() < 2 { 0.0 } else { (sum(&|x, z| (x - k) * (z - y)) / spread).exp() };
        Ok(Self { rate, norms: norms.to_vec() })
    }

    /// lost(K)/kept(K), see the [module](self); without bound where nothing decays.
    pub fn bias(&self, k: usize) -> f64 {
        let Some(&last) = self.norms.last() else { return f64::INFINITY };
        if self.rate >= 1.0 || k == 0 {
            return f64::INFINITY;
        }
        let beyond = |lags: i32| last * self.rate.powi(lags) / (1.0 - self.rate);
        let measured = self.norms.len();
        let lost = match self.norms.get(k..) {
            Some(rest) => rest.iter().sum::<f64>() + beyond(1),
            None => beyond(i32::try_from(k - measured + 1).unwrap_or(i32::MAX)),
        };
        let kept: f64 = self.norms.iter().take(k).sum();
        lost / kept
    }
}

/// Chooses k2.
///
/// ```
/// use rnn::bptt::{Adaptive, Decay};
///
/// let norms: Vec<f64> = (0..30).map(|k| 0.8_f64.powi(k)).collect(); // φₖ = 0.8ᵏ
/// let decay = Decay::fit(&norms, 10)?;
/// assert!((decay.rate - 0.8).abs() < 1e-12);
/// // lost/kept = 0.8ᴷ / (1 − 0.8ᴷ) ≤ 0.05 from K = 14 on.
/// assert_eq!(Adaptive::new(0.05, 1, 200)?.choose(&decay)?, 14);
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive {
    tolerance: f64,
    least: usize,
    most: usize,
}

impl Adaptive {
    /// A relative bias of at most `tolerance`, with a window of `least` to `most` steps.
    ///
    /// # Errors
    /// A tolerance that is not positive, or no window between the two.
    pub fn new(tolerance: f64, least: usize, most: usize) -> Result<Self> {
        if !(tolerance > 0.0 && tolerance.is_finite() && least >= 1 && most >= least) {
            return Err(Error::Data {
                what: format!("a bias of {tolerance} with a window of {least} to {most} steps"),
                rule: "a tolerance is positive, and there is a window to choose".into(),
                remedy: "tolerate 0.1 with a window of 1 to 500 steps, say",
            });
        }
        Ok(Self { tolerance, least, most })
    }

    /// The shortest window whose estimated bias is tolerated.
    ///
    /// # Errors
    /// When not even the longest is: because norms do not fall, or fall too slowly.
    pub fn choose(&self, decay: &Decay) -> Result<usize> {
        let fits = |k: &usize| decay.bias(*k) <= self.tolerance;
        (self.least..=self.most).find(fits).ok_or_else(|| Error::Data {
            what: format!(
                "a bias of {} with windows of up to {} steps",
                self.tolerance, self.most
            ),
            rule: format!(
                "gradients change by a factor of {:.4} with each lag, and the longest window has a bias of {:.3}",
                decay.rate,
                decay.bias(self.most)
            ),
            remedy: "allow longer windows, tolerate more, or truncate at random (`Randomized`)",
        })
    }
}
