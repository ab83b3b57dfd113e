//! How our cells are seen from outside.

use super::{Anatomy, Directions, Kind, Portable};
use crate::cells::{
    diagonal::Diagonal,
    elman::Elman,
    gru::{Gru, Reset, Update},
    indrnn::IndRnn,
    jordan::Jordan,
    lstm::Lstm,
    mgu::Mgu,
};
use tape::Real;

impl<T: Real> Portable<T> for Elman<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        vec![Anatomy::new(Kind::Elman, &[self.activation], (self.w, self.u, self.b)).into_layer()]
    }
}

impl<T: Real> Portable<T> for Lstm<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        let form = self.form();
        let squashes = [form.activations.gate, form.activations.candidate, form.activations.output];
        let kind = Kind::Lstm { coupled: form.coupled };
        let mut cell = Anatomy::new(kind, &squashes, (self.w, self.u, self.b));
        (cell.peepholes, cell.projection) = (self.peepholes, self.projection);
        cell.only_here.extend(form.cell_clip.map(|_| "the clip of the cell"));
        cell.only_here.extend(self.norm.map(|_| "the layer normalisation"));
        vec![cell.into_layer()]
    }
}

impl<T: Real> Portable<T> for Gru<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        let form = self.form();
        let kind = Kind::Gru {
            reset_after: form.reset == Reset::After,
            replaces: form.update == Update::Replace,
        };
        let squashes = [form.gate, form.candidate];
        let mut cell = Anatomy::new(kind, &squashes, (self.w, self.u, self.b));
        cell.b_n = self.b_n;
        vec![cell.into_layer()]
    }
}

/// Cells that other frameworks do not have: what is refused is refused by name.
macro_rules! other {
    ($($cell:ty, $name:literal, $u:ident;)*) => {$(
        impl<T: Real> Portable<T> for $cell {
            fn layers(&self) -> Vec<Directions<T>> {
                let ids = (self.w, self.$u, self.b);
                vec![Anatomy::new(Kind::Other($name), &[], ids).into_layer()]
            }
        }
    )*};
}

other! {
    Jordan<T>, "a Jordan network", u;
    Mgu, "a minimal gated unit", u;
    IndRnn<T>, "an IndRNN", u;
    Diagonal, "a diagonal recurrence", nu;
}
