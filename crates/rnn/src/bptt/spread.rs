//! What a random gradient pays for being right on the average.

use ndarray::ArrayD;
use std::collections::BTreeMap;
use tape::{Gradients, ParamId, Real};

/// Mean and variance of gradients, as they come:
///
/// ```text
/// ḡ = Σ w g / Σ w        V = Σ w |g − ḡ|² / Σ w
/// ```
///
/// V is the trace of the covariance, over all parameters together. A weight is 1 for a draw that was made, or the
/// probability of one where all are enumerated.
#[derive(Debug, Clone, Default)]
pub struct Spread {
    draws: usize,
    weight: f64,
    means: BTreeMap<ParamId, ArrayD<f64>>,
    squares: f64,
}

impl Spread {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the gradient of one draw.
    pub fn add<T: Real>(&mut self, gradients: &Gradients<T>) {
        self.add_weighted(gradients, 1.0);
    }

    /// The same with a weight. A parameter that the gradients lack has a gradient of zeros.
    pub fn add_weighted<T: Real>(&mut self, gradients: &Gradients<T>, weight: f64) {
        self.draws += 1;
        if weight == 0.0 {
            return;
        }
        for (id, gradient) in gradients.params() {
            self.means.entry(id).or_insert_with(|| ArrayD::zeros(gradient.raw_dim()));
        }
        self.weight += weight;
        let share = weight / self.weight;
        let step = |mean: &mut f64, g: f64| {
            let off = g - *mean;
            *mean += share * off;
            off * (g - *mean) // Welford's: no difference of large squares
        };
        let mut squares = 0.0;
        for (id, mean) in &mut self.means {
            match gradients.param(*id) {
                Some(g) => mean.zip_mut_with(g, |mean, g| squares += step(mean, g.primal())),
                None => mean.map_inplace(|mean| squares += step(mean, 0.0)),
            }
        }
        self.squares += weight * squares;
    }

    /// How many draws.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// ḡ of a parameter, if it had a gradient.
    pub fn mean(&self, id: ParamId) -> Option<&ArrayD<f64>> {
        self.means.get(&id)
    }

    /// |ḡ|
    pub fn norm(&self) -> f64 {
        self.means.values().flatten().map(|g| g * g).sum::<f64>().sqrt()
    }

    /// V, of one draw.
    pub fn variance(&self) -> f64 {
        if self.weight > 0.0 { self.squares / self.weight } else { 0.0 }
    }

    /// √(V/n): how far ḡ is from its expectation, for draws of weight 1.
    pub fn standard_error(&self) -> f64 {
        (self.variance() / self.draws.max(1) as f64).sqrt()
    }

    /// √V / |ḡ|: the noise of one draw against the signal.
    pub fn relative(&self) -> f64 {
        self.variance().sqrt() / self.norm()
    }
}
