//! Ops, recycled.

use crate::{Op, Real, node::Kind};
use std::any::{Any, TypeId};

/// Ops that have been recorded and released, waiting to be one again: so that an op with parameters is
/// allocated once and not at every step. (An op without any has no memory to begin with.)
#[derive(Debug)]
pub(crate) struct Shells<T>(Vec<(TypeId, Shelf<T>)>);

/// Ops of one type.
type Shelf<T> = Vec<Box<dyn Op<T>>>;

impl<T> Default for Shells<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Real> Shells<T> {
    #[inline(always)]
    pub(crate) fn wrap<O: Op<T>>(&mut self, op: O) -> Box<dyn Op<T>> {
        if size_of::<O>() == 0 {
            return Box::new(op);
        }
        let shelf = self.0.iter_mut().find(|(id, _)| *id == TypeId::of::<O>());
        let Some(mut shell) = shelf.and_then(|(_, shelf)| shelf.pop()) else {
            return Box::new(op);
        };
        match (&mut *shell as &mut dyn Any).downcast_mut::<O>() {
            Some(place) => *place = op,
            None => return Box::new(op),
        }
        shell
    }

    pub(crate) fn take_back(&mut self, kind: &mut Kind<T>) {
        let Kind::Op(shell) = std::mem::replace(kind, Kind::Constant) else { return };
        if size_of_val(&*shell) == 0 {
            return;
        }
        let id = (&*shell as &dyn Any).type_id();
        self.shelf(id).push(shell);
    }

    /// Where ops of this type wait.
    pub(crate) fn shelf(&mut self, id: TypeId) -> &mut Vec<Box<dyn Op<T>>> {
        let at = self.0.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.0.push((id, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    pub(crate) fn shelves(&self) -> impl Iterator<Item = &Vec<Box<dyn Op<T>>>> {
        self.0.iter().map(|(_, shelf)| shelf)
    }
}
