//! How our cells are seen from outside.

use super::{Anatomy, Directions, Kind, Portable};
use crate::Elman;
use tape::Real;

impl<T: Real> Portable<T> for Elman<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        vec![Anatomy::new(Kind::Elman, &[self.activation], (self.w, self.u, self.b)).into_layer()]
    }
}
