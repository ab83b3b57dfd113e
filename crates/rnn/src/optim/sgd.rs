//! Downhill, step by step.

use super::{Optimizer, check, state::State};
use crate::{ParamStore, Result, weights::Archive};
use ndarray::{ArrayD, Zip};
use slotmap::SecondaryMap;
use tape::{Gradients, ParamId, Real};

/// Stochastic gradient descent, with momentum if wanted:
///
/// ```text
///   g = ḡ + λ θ
///   m ← μ m + g            m = g at a parameter's first step
///   θ ← θ − η m            θ ← θ − η (g + μ m) with Nesterov's look-ahead,   θ ← θ − η g without momentum
/// ```
///
/// The same numbers as `torch.optim.SGD` with `dampening = 0`.
///
/// # Source
/// Polyak (1964); Nesterov (1983), in the form of Sutskever, Martens, Dahl & Hinton (2013).
#[derive(Debug, Clone)]
pub struct Sgd<T: Real> {
    /// `η`
    pub learning_rate: f64,
    /// `μ`: 0 for none.
    pub momentum: f64,
    /// Whether the gradient is taken as if `m` had been walked already.
    pub nesterov: bool,
    /// `λ`, the weight of `½ ‖θ‖²` in the loss.
    pub weight_decay: f64,
    allow_stale: bool,
    momenta: SecondaryMap<ParamId, ArrayD<T>>,
}

impl<T: Real> Sgd<T> {
    /// `θ ← θ − η ḡ`
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            allow_stale: false,
            momenta: SecondaryMap::new(),
        }
    }

    /// Sets `μ`.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Sets whether to look ahead.
    pub fn nesterov(self, nesterov: bool) -> Self {
        Self { nesterov, ..self }
    }

    /// Sets `λ`.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Whether a gradient may be applied to a parameter that was written since it was computed.
    pub fn allow_stale(self, allow_stale: bool) -> Self {
        Self { allow_stale, ..self }
    }
}

impl<T: Real> Optimizer<T> for Sgd<T> {
    fn step(&mut self, store: &mut ParamStore<T>, gradients: &Gradients<T>) -> Result<()> {
        check(store, gradients, self.learning_rate, self.allow_stale)?;
        let (eta, mu, lambda) =
            (T::of(self.learning_rate), T::of(self.momentum), T::of(self.weight_decay));
        for (id, gradient) in gradients.params() {
            if gradients.is_unused(id) {
                continue;
            }
            let parameter = store.get_mut(id);
            if self.momentum == 0.0 {
                Zip::from(parameter).and(gradient).for_each(|x, &g| *x -= eta * (g + lambda * *x));
                continue;
            }
            match self.momenta.get_mut(id) {
                Some(momentum) => Zip::from(momentum)
                    .and(&*parameter)
                    .and(gradient)
                    .for_each(|m, &x, &g| *m = mu * *m + (g + lambda * x)),
                None => {
                    let first =
                        Zip::from(&*parameter).and(gradient).map_collect(|&x, &g| g + lambda * x);
                    self.momenta.insert(id, first);
                }
            }
            let step = Zip::from(parameter).and(&self.momenta[id]).and(gradient);
            if self.nesterov {
                step.for_each(|x, &m, &g| *x -= eta * ((g + lambda * *x) + mu * m));
            } else {
                step.for_each(|x, &m, _| *x -= eta * m);
            }
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    fn put_state(
        &self,
        prefix: &str,
        store: &ParamStore<T>,
        archive: &mut Archive<T>,
    ) -> Result<()> {
        State::put(
            archive,
            prefix,
            "sgd",
            &[
                ("learning_rate", self.learning_rate),
                ("momentum", self.momentum),
                ("nesterov", f64::from(u8::from(self.nesterov))),
                ("weight_decay", self.weight_decay),
            ],
        );
        for (id, momentum) in &self.momenta {
            archive.insert(format!("{prefix}m.{}", store.name(id)), momentum.clone())?;
        }
        Ok(())
    }

    fn restore_state(
        &mut self,
        prefix: &str,
        store: &ParamStore<T>,
        archive: &Archive<T>,
    ) -> Result<()> {
        let state = State::open(archive, prefix, "sgd")?;
        *self = Self {
            learning_rate: state.number("learning_rate")?,
            momentum: state.number("momentum")?,
            nesterov: state.number::<f64>("nesterov")? != 0.0,
            weight_decay: state.number("weight_decay")?,
            allow_stale: self.allow_stale,
            momenta: state.arrays("m.", store)?,
        };
        Ok(())
    }
}
