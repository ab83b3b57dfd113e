//! Biases by the times that are to be bridged.

use super::Lstm;
use crate::{
    Error, ParamStore, Result,
    init::{Chrono, Init},
};
use ndarray::{ArrayD, Axis, Slice};
use rand::Rng;
use tape::Real;

impl<T: Real> Lstm<T> {
    /// `b_f = ln U(1, longest − 1)` and `b_i = −b_f`, unit by unit; other biases stay. With coupled gates, `f = 1 − i`, it is
    /// `b_i` alone. See [`Chrono`]. (C. Tallec and Y. Ollivier, 2018)
    ///
    /// # Errors
    /// A cell without a bias.
    pub fn chrono(
        &self,
        store: &mut ParamStore<T>,
        longest: f64,
        rng: &mut impl Rng,
    ) -> Result<()> {
        let Some(b) = self.b else { return Err(no_bias("an LSTM")) };
        let keep: ArrayD<T> = Chrono { longest }.sample(&[self.hidden], rng);
        let (b, h) = (store.get_mut(b), self.hidden);
        b.slice_axis_mut(Axis(0), Slice::from(..h)).assign(&keep.mapv(|b| -b));
        if !self.form().coupled {
            b.slice_axis_mut(Axis(0), Slice::from(h..2 * h)).assign(&keep);
        }
        Ok(())
    }
}

/// A cell that has nothing to be initialised.
pub(in crate::cells) fn no_bias(cell: &str) -> Error {
    Error::Data {
        what: format!("chrono initialisation of {cell} without a bias"),
        rule: "the biases of its gates are what is drawn".into(),
        remedy: "give the cell a bias by its form",
    }
}
