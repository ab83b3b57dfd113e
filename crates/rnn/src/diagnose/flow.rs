//! How much of each loss arrives at each earlier state.

use super::Unrolled;
use crate::{State, heat_map::HeatMap};
use ndarray::{Array2, ArrayD};
use std::fmt::{self, Display, Formatter};
use tape::Real;

/// `‖dLₜ/dsₛ‖` for all `s ≤ t`: Euclidean norms over the rows and all parts of the state.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// `[T, T + 1]`: row t − 1 is of Lₜ, column s of sₛ. 0 where s > t.
    pub norms: Array2<f64>,
}

impl<'t, T: Real, S: State<'t, T>> Unrolled<'t, T, S> {
    /// One sweep for each loss: the gradient flow by lag.
    pub fn flow(&self) -> Flow {
        let steps = self.steps();
        let mut norms = Array2::zeros((steps, steps + 1));
        for t in 1..=steps {
            let gradients = self.tape.backward(self.losses[t - 1]);
            norms[[t - 1, t]] = norm([&gradients[self.read[t - 1]]]);
            for s in 0..t {
                let parts = self.state(s);
                norms[[t - 1, s]] = norm(parts.iter().map(|&part| &gradients[part]));
            }
        }
        Flow { norms }
    }
}

/// The norm of all arrays together. (Scaled, so that no square overflows or vanishes.)
pub(super) fn norm<'a, T: Real>(arrays: impl IntoIterator<Item = &'a ArrayD<T>> + Clone) -> f64 {
    let all = || arrays.clone().into_iter().flatten().map(|x| x.primal().abs());
    let scale = all().fold(0.0, |max: f64, x| if x > max || x.is_nan() { x } else { max });
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale * all().map(|x| (x / scale).powi(2)).sum::<f64>().sqrt()
}

impl Flow {
    /// T
    pub fn steps(&self) -> usize {
        self.norms.nrows()
    }

    /// For each lag `k = t − s`, from 0 to T, the mean of `‖dLₜ/dsₜ₋ₖ‖` over the losses that reach so far back.
    pub fn by_lag(&self) -> Vec<f64> {
        let mean = |k: usize| {
            let lagged = (k.max(1)..=self.steps()).map(|t| self.norms[[t - 1, t - k]]);
            lagged.sum::<f64>() / (self.steps() + 1 - k.max(1)) as f64
        };
        if self.steps() == 0 { Vec::new() } else { (0..=self.steps()).map(mean).collect() }
    }

    /// The share of all flow that has a lag of `k` or more, between 0 and 1: what a sweep over the last `k` states only
    /// does not see. NaN if nothing flows at all.
    pub fn share_older_than(&self, k: usize) -> f64 {
        let (mut older, mut all) = (0.0, 0.0);
        for ((row, s), &norm) in self.norms.indexed_iter() {
            all += norm;
            older += if s + k <= row + 1 { norm } else { 0.0 };
        }
        older / all
    }

    /// The first lag at which less than `share` of the flow at lag 0 arrives; `None` if there is none.
    pub fn first_lag_below(&self, share: f64) -> Option<usize> {
        let by_lag = self.by_lag();
        by_lag.iter().position(|&norm| norm < share * by_lag[0])
    }

    /// The matrix as a picture: a row for each loss, a column for each state.
    pub fn heat_map(&self) -> HeatMap {
        let row = |t: usize| (0..=t).map(|s| Some(self.norms[[t - 1, s]])).collect();
        let largest = self.norms.iter().copied().filter(|x| x.is_finite()).fold(0.0, f64::max);
        HeatMap {
            title: "‖dLₜ/dsₛ‖".into(),
            rows: (1..=self.steps()).map(|t| format!("t = {t}")).collect(),
            columns: ("s =".into(), 0),
            cells: (1..=self.steps()).map(row).collect(),
            floor: if largest > 0.0 { largest * 1e-8 } else { 1.0 },
        }
    }
}

impl Display for Flow {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>4}  {:>10}  {:>10}  {:>10}", "lag", "‖dL/ds‖", "to lag 0", "older")?;
        let by_lag = self.by_lag();
        for (k, norm) in by_lag.iter().enumerate() {
            let (ratio, older) = (norm / by_lag[0], self.share_older_than(k + 1));
            writeln!(f, "{k:>4}  {norm:>10.2e}  {ratio:>10.2e}  {:>8.3} %", 100.0 * older)?;
        }
        Ok(())
    }
}
