//! How our cells are seen from outside.

use super::{Anatomy, Directions, Kind, Portable};
use crate::{
    Stacked,
    cells::{
        diagonal::Diagonal,
        elman::Elman,
        gru::{Gru, Reset, Update},
        indrnn::IndRnn,
        jordan::Jordan,
        lstm::Lstm,
        mgu::Mgu,
    },
    layers::{Bidirectional, Highway, Merge, Recurrent, Residual},
    regularize::{DropConnect, Dropped, Zoneout},
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

impl<T: Real, C: Portable<T>> Portable<T> for Recurrent<C> {
    fn layers(&self) -> Vec<Directions<T>> {
        self.0.layers()
    }
}

/// Out of training it is its cell.
impl<T: Real, C: Portable<T>> Portable<T> for Dropped<C> {
    fn layers(&self) -> Vec<Directions<T>> {
        self.cell.layers()
    }
}

/// Out of training it is its cell.
impl<T: Real, C: Portable<T>> Portable<T> for DropConnect<C> {
    fn layers(&self) -> Vec<Directions<T>> {
        self.cell.layers()
    }
}

impl<T: Real, C: Portable<T>> Portable<T> for Zoneout<C> {
    fn layers(&self) -> Vec<Directions<T>> {
        refused(self.cell.layers(), "the zoneout")
    }
}

/// One cell on top of the other is two layers.
impl<T: Real, A: Portable<T>, B: Portable<T>> Portable<T> for Stacked<A, B> {
    fn layers(&self) -> Vec<Directions<T>> {
        [self.lower.layers(), self.upper.layers()].concat()
    }
}

impl<T: Real, A: Portable<T>, B: Portable<T>> Portable<T> for Bidirectional<A, B> {
    fn layers(&self) -> Vec<Directions<T>> {
        let (mut forward, backward) = (self.forward.layers(), self.backward.layers());
        let [Directions { forward: ahead, reverse: reverse @ None }] = &mut forward[..] else {
            return refused(forward, "the second direction beside more than one cell");
        };
        let [Directions { forward: back, reverse: None }] = &backward[..] else {
            return refused(backward, "the second direction beside more than one cell");
        };
        *reverse = Some(back.clone());
        if self.merge != Merge::Concat {
            ahead.only_here.push("the merge of directions");
        }
        forward
    }
}

impl<T: Real, L: Portable<T>> Portable<T> for Residual<L> {
    fn layers(&self) -> Vec<Directions<T>> {
        refused(self.layer.layers(), "the residual connection")
    }
}

impl<T: Real, L: Portable<T>> Portable<T> for Highway<L> {
    fn layers(&self) -> Vec<Directions<T>> {
        refused(self.layer.layers(), "the highway connection")
    }
}

/// The same layers with something about them that no framework has.
fn refused<T: Real>(mut layers: Vec<Directions<T>>, part: &'static str) -> Vec<Directions<T>> {
    layers.iter_mut().for_each(|layer| layer.forward.only_here.push(part));
    layers
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
