//! UORO: the influence matrix, as one random product that is right on average.
//!
//! ```text
//! E[s̃ θ̃ᵀ] = M
//! s̃ ← ρ₀ J s̃ + ρ₁ ν        ρ₀ = √((‖θ̃‖ + ε) / (‖J s̃‖ + ε))
//! θ̃ ← θ̃ / ρ₀ + νᵀI / ρ₁    ρ₁ = √((‖νᵀI‖ + ε) / (‖ν‖ + ε))
//! ```
//!
//! The signs ν are drawn afresh at every edge, each ±1 with the same chance. Products of two different ones vanish on
//! average, and of a sign with itself is left J M + I. The factors ρ, which are even in ν, keep both sides of the product alike
//! and so its variance small. (C. Tallec and Y. Ollivier, 2018: unbiased online recurrent optimization.)

use super::{
    Edge, Influence,
    edge::{elements, reached},
};
use crate::Result;
use rand::{Rng, RngExt};
use std::fmt;
use tape::{Gradients, ParamId, Real};

/// ε: keeps quotients of norms finite.
const SMALL: f64 = 1e-5;

/// `s̃ [N]` and `θ̃ [P]`, whose product is `M = ∂s/∂θ` on average.
///
/// `J s̃` is taken from the rows of J, by a sweep each: a tape has products with J from the left only.
pub struct Uoro<T, S> {
    sign: S,
    params: Vec<ParamId>,
    state: Vec<T>,
    parameters: Vec<Vec<T>>,
    signs: Vec<T>,
    moved: Vec<T>,
}

impl<T: fmt::Debug, S> fmt::Debug for Uoro<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { params, state, parameters, .. } = self;
        let mut shown = f.debug_struct("Uoro");
        shown.field("params", params).field("state", state).field("parameters", parameters);
        shown.finish_non_exhaustive()
    }
}

impl<T: Real> Uoro<T, ()> {
    /// With signs from a generator.
    #[allow(clippy::new_ret_no_self)] // the type of the signs has no name
    pub fn new<R: Rng>(mut rng: R) -> Uoro<T, impl FnMut() -> bool> {
        Self::with_signs(move || rng.random())
    }

    /// With signs of one's own, true for +1: one for each number of the state, at every edge.
    pub fn with_signs<S: FnMut() -> bool>(sign: S) -> Uoro<T, S> {
        let (params, parameters) = (Vec::new(), Vec::new());
        let (state, signs, moved) = (Vec::new(), Vec::new(), Vec::new());
        Uoro { sign, params, state, parameters, signs, moved }
    }
}

impl<T: Real, S> Uoro<T, S> {
    /// J s̃. Before the first edge s̃ is zero, and so is it.
    fn move_state(&mut self, edge: &mut Edge<'_, T>) -> Result<()> {
        self.moved.clear();
        self.moved.resize(edge.width(), T::ZERO);
        if self.state.is_empty() {
            return Ok(());
        }
        for k in 0..edge.width() {
            let row = edge.row(k)?;
            let j = edge.state(&row)?;
            self.moved[k] = j.iter().zip(&self.state).map(|(&j, &s)| j * s).sum();
        }
        Ok(())
    }
}

impl<T: Real, S: FnMut() -> bool> Influence<T> for Uoro<T, S> {
    fn params(&self) -> &[ParamId] {
        &self.params
    }

    fn pull(&self, cotangent: &[T], gradients: &mut Gradients<T>) {
        let factor: T = cotangent.iter().zip(&self.state).map(|(&c, &s)| c * s).sum();
        for (id, theta) in self.params.iter().zip(&self.parameters) {
            let gradient = elements(gradients, *id).iter_mut();
            gradient.zip(theta).for_each(|(g, &theta)| *g += factor * theta);
        }
    }

    fn carry(&mut self, edge: &mut Edge<'_, T>) -> Result<()> {
        self.move_state(edge)?;
        let Self { sign, signs, .. } = self;
        signs.clear();
        signs.extend((0..edge.width()).map(|_| if sign() { T::ONE } else { -T::ONE }));
        let mut swept = edge.pull(signs)?;
        for (id, gradient) in reached(&swept) {
            if !self.params.contains(&id) {
                self.params.push(id);
                self.parameters.push(vec![T::ZERO; gradient.len()]);
            }
        }
        let immediate = self.params.iter().flat_map(|id| swept.param(*id)).flatten();
        let (theta, small) = (norm(self.parameters.iter().flatten()), T::of(SMALL));
        let ratio = |over: T, under: T| ((over + small) / (under + small)).sqrt();
        let rho_0 = ratio(theta, norm(&self.moved));
        let rho_1 = ratio(norm(immediate), norm(&self.signs));

        self.state.clear();
        let terms = self.moved.iter().zip(&self.signs);
        self.state.extend(terms.map(|(&moved, &sign)| rho_0 * moved + rho_1 * sign));
        for (id, theta) in self.params.iter().zip(&mut self.parameters) {
            let terms = theta.iter_mut().zip(elements(&mut swept, *id));
            terms.for_each(|(theta, i)| *theta = *theta / rho_0 + *i / rho_1);
        }
        Ok(())
    }
}

fn norm<'a, T: Real>(numbers: impl IntoIterator<Item = &'a T>) -> T {
    numbers.into_iter().map(|&x| x * x).sum::<T>().sqrt()
}
