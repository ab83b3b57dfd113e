//! Biases by the times that are to be bridged.

use super::{Gru, Update};
use crate::{
    ParamStore, Result,
    cells::lstm::chrono::no_bias,
    init::{Chrono, Init},
};
use ndarray::{ArrayD, Axis, Slice};
use rand::Rng;
use tape::Real;

impl<T: Real> Gru<T> {
    /// `b_z = ln U(1, longest − 1)` where `z` keeps, the opposite where it replaces; other biases stay. See [`Chrono`].
    /// (C. Tallec and Y. Ollivier, 2018)
    ///
    /// # Errors
    /// A cell without a bias.
    pub fn chrono(
        &self,
        store: &mut ParamStore<T>,
        longest: f64,
        rng: &mut impl Rng,
    ) -> Result<()> {
        let Some(b) = self.b else { return Err(no_bias("a GRU")) };
        let keep: ArrayD<T> = Chrono { longest }.sample(&[self.hidden], rng);
        let keep = match self.form().update {
            Update::Keep => keep,
            Update::Replace => keep.mapv(|b| -b),
        };
        let h = self.hidden;
        store.get_mut(b).slice_axis_mut(Axis(0), Slice::from(h..2 * h)).assign(&keep);
        Ok(())
    }
}
