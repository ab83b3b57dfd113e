//! Steps of one size, whatever the gradient's.

use super::{Optimizer, check, state::State};
use crate::{ParamStore, Result, weights::Archive};
use ndarray::{ArrayD, Zip};
use slotmap::SecondaryMap;
use tape::{Gradients, ParamId, Real};

/// Adam, adaptive moment estimation. For the `t`-th gradient of a parameter, from `m = v = 0`:
///
/// ```text
///   g = ḡ + λ θ
///   m ← β₁ m + (1 − β₁) g            m̂ = m / (1 − β₁ᵗ)
///   v ← β₂ v + (1 − β₂) g²           v̂ = v / (1 − β₂ᵗ)
///   θ ← θ − η m̂ / (√v̂ + ε)
/// ```
///
/// `m̂` and `v̂` are the moments rid of their start at 0. The same numbers as `torch.optim.Adam`: each parameter counts
/// its own `t`, and `ε` stands outside of the root.
///
/// # Source
/// Kingma & Ba (2015), algorithm 1.
#[derive(Debug, Clone)]
pub struct Adam<T: Real> {
    /// `η`
    pub learning_rate: f64,
    /// `β₁`, how much of the first moment remains.
    pub beta1: f64,
    /// `β₂`, how much of the second moment remains.
    pub beta2: f64,
    /// `ε`, below which a gradient's root mean square makes no more difference.
    pub epsilon: f64,
    /// `λ`, the weight of `½ ‖θ‖²` in the loss.
    pub weight_decay: f64,
    allow_stale: bool,
    first: SecondaryMap<ParamId, ArrayD<T>>,
    second: SecondaryMap<ParamId, ArrayD<T>>,
    steps: SecondaryMap<ParamId, u64>,
}

impl<T: Real> Adam<T> {
    /// Adam with `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸` and no weight decay.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            allow_stale: false,
            first: SecondaryMap::new(),
            second: SecondaryMap::new(),
            steps: SecondaryMap::new(),
        }
    }

    /// Sets `β₁` and `β₂`.
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        Self { beta1, beta2, ..self }
    }

    /// Sets `ε`.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Sets `λ`.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Whether a gradient may be applied to a parameter that was written since it was computed.
    pub fn allow_stale(self, allow_stale: bool) -> Self {
        Self { allow_stale, ..self }
    }

    /// `t`, how many gradients of the parameter there have been.
    pub fn steps(&self, id: ParamId) -> u64 {
        self.steps.get(id).copied().unwrap_or(0)
    }
}

impl<T: Real> Optimizer<T> for Adam<T> {
    fn step(&mut self, store: &mut ParamStore<T>, gradients: &Gradients<T>) -> Result<()> {
        check(store, gradients, self.learning_rate, self.allow_stale)?;
        let (beta2, epsilon, lambda) =
            (T::of(self.beta2), T::of(self.epsilon), T::of(self.weight_decay));
        // Rounded after the subtraction: 1 − β₂ has few digits to lose in single precision.
        let (rest1, rest2) = (T::of(1.0 - self.beta1), T::of(1.0 - self.beta2));
        for (id, gradient) in gradients.params() {
            if gradients.is_unused(id) {
                continue;
            }
            let parameter = store.get_mut(id);
            if !self.steps.contains_key(id) {
                let zeros = || ArrayD::from_elem(parameter.raw_dim(), T::ZERO);
                self.first.insert(id, zeros());
                self.second.insert(id, zeros());
                self.steps.insert(id, 0);
            }
            self.steps[id] += 1;
            let t = self.steps[id] as f64;
            let eta = T::of(self.learning_rate / (1.0 - self.beta1.powf(t)));
            let unbias = T::of((1.0 - self.beta2.powf(t)).sqrt());
            Zip::from(parameter)
                .and(gradient)
                .and(&mut self.first[id])
                .and(&mut self.second[id])
                .for_each(|x, &g, m, v| {
                    let g = g + lambda * *x;
                    *m += rest1 * (g - *m);
                    *v = beta2 * *v + rest2 * g * g;
                    *x -= eta * (*m / (v.sqrt() / unbias + epsilon));
                });
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
            "adam",
            &[
                ("learning_rate", self.learning_rate),
                ("beta1", self.beta1),
                ("beta2", self.beta2),
                ("epsilon", self.epsilon),
                ("weight_decay", self.weight_decay),
            ],
        );
        for (id, steps) in &self.steps {
            let name = store.name(id);
            archive.metadata.insert(format!("{prefix}steps.{name}"), steps.to_string());
            archive.insert(format!("{prefix}m.{name}"), self.first[id].clone())?;
            archive.insert(format!("{prefix}v.{name}"), self.second[id].clone())?;
        }
        Ok(())
    }

    fn restore_state(
        &mut self,
        prefix: &str,
        store: &ParamStore<T>,
        archive: &Archive<T>,
    ) -> Result<()> {
        let state = State::open(archive, prefix, "adam")?;
        let (first, second) = (state.arrays("m.", store)?, state.arrays("v.", store)?);
        let mut steps = SecondaryMap::new();
        for id in first.keys().chain(second.keys()) {
            let name = store.name(id);
            state.complete(first.contains_key(id), &format!("m.{name}"))?;
            state.complete(second.contains_key(id), &format!("v.{name}"))?;
            steps.insert(id, state.number(&format!("steps.{name}"))?);
        }
        *self = Self {
            learning_rate: state.number("learning_rate")?,
            beta1: state.number("beta1")?,
            beta2: state.number("beta2")?,
            epsilon: state.number("epsilon")?,
            weight_decay: state.number("weight_decay")?,
            allow_stale: self.allow_stale,
            first,
            second,
            steps,
        };
        Ok(())
    }
}
