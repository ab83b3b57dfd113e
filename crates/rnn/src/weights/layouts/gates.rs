//! Gates in another order.
//!
//! Our blocks stand side by side on the last axis: `[.., G·H]`. Another layout has them in another order, and sometimes
//! means by a gate what is left of it: since `1 − σ(a) = σ(−a)`, its weights then are ours with the sign turned.

use super::Kind;
use ndarray::{ArrayD, Axis, Slice};
use tape::Real;

/// The order in which a layout has our gates, by their numbers.
#[derive(Debug)]
pub(super) struct Order {
    /// i f g o
    pub(super) lstm: [usize; 4],
    /// r z n
    pub(super) gru: [usize; 3],
}

/// Our own order, and PyTorch's; Keras has that of the LSTM.
pub(super) const OURS: Order = Order { lstm: [0, 1, 2, 3], gru: [0, 1, 2] };

/// Where a block of theirs comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gate {
    /// Its place among our blocks; none if it has no meaning, and is 0.
    pub(super) ours: Option<usize>,
    /// Is it one less our gate?
    pub(super) turned: bool,
}

impl Order {
    /// Their blocks, one after the other.
    pub(super) fn of(&self, kind: Kind) -> Vec<Gate> {
        let plain = |ours| Gate { ours, turned: false };
        match kind {
            Kind::Lstm { coupled: false } => self.lstm.map(Some).map(plain).into(),
            // i g o: there is no forget gate, and what follows it moves up.
            Kind::Lstm { coupled: true } => {
                let moved = |gate| match gate {
                    1 => None,
                    gate => Some(if gate > 1 { gate - 1 } else { gate }),
                };
                self.lstm.map(moved).map(plain).into()
            }
            Kind::Gru { replaces, .. } => {
                self.gru.map(|k| Gate { ours: Some(k), turned: replaces && k == 1 }).into()
            }
            Kind::Elman | Kind::Other(_) => vec![plain(Some(0))],
        }
    }
}

/// How many blocks we have of theirs.
fn of_ours(order: &[Gate]) -> usize {
    order.iter().filter(|gate| gate.ours.is_some()).count()
}

/// Our blocks in their order.
pub(super) fn there<T: Real>(order: &[Gate], ours: &ArrayD<T>) -> ArrayD<T> {
    let places = order.iter().enumerate();
    let moves = places.filter_map(|(k, gate)| Some((gate.ours?, k, gate.turned)));
    carry(ours, of_ours(order), order.len(), moves)
}

/// Their blocks in our order: the inverse of [`there`].
pub(super) fn back<T: Real>(order: &[Gate], theirs: &ArrayD<T>) -> ArrayD<T> {
    let places = order.iter().enumerate();
    let moves = places.filter_map(|(k, gate)| Some((k, gate.ours?, gate.turned)));
    carry(theirs, order.len(), of_ours(order), moves)
}

/// Moves blocks `(from, to, turned)` of `gates` into an array of `others`.
fn carry<T: Real>(
    array: &ArrayD<T>,
    gates: usize,
    others: usize,
    moves: impl Iterator<Item = (usize, usize, bool)>,
) -> ArrayD<T> {
    let axis = Axis(array.ndim() - 1);
    let mut shape = array.raw_dim();
    shape[axis.0] = shape[axis.0] / gates * others;
    let mut carried = ArrayD::from_elem(shape, T::ZERO);
    for (from, to, turned) in moves {
        let place = block(&carried, others, to);
        let from = array.slice_axis(axis, block(array, gates, from));
        let turn = |x: &T| if turned { -*x } else { *x };
        carried.slice_axis_mut(axis, place).assign(&from.map(turn));
    }
    carried
}

/// Block `k` of `gates`, on the last axis.
pub(super) fn block<T>(array: &ArrayD<T>, gates: usize, k: usize) -> Slice {
    let width = array.shape().last().map_or(0, |all| all / gates);
    Slice::from(k * width..(k + 1) * width)
}

/// Weights `[in, G·H]` as those write them who multiply from the left: `[G·H, in]`.
pub(super) fn columns<T: Real>(order: &[Gate], ours: &ArrayD<T>) -> ArrayD<T> {
    there(order, ours).reversed_axes()
}

/// The inverse of [`columns`].
pub(super) fn rows<T: Real>(order: &[Gate], theirs: &ArrayD<T>) -> ArrayD<T> {
    back(order, &theirs.clone().reversed_axes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn there_and_back_is_where_it_began() {
        let kind = Kind::Gru { reset_after: true, replaces: true };
        let order = Order { gru: [1, 0, 2], ..OURS }.of(kind);
        let ours = arr2(&[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]).into_dyn();
        let theirs = there(&order, &ours);
        assert_eq!(theirs, arr2(&[[-3.0, -4.0, 1.0, 2.0, 5.0, 6.0]]).into_dyn());
        assert_eq!(back(&order, &theirs), ours);
        assert_eq!(rows(&order, &columns(&order, &ours)), ours);
    }

    #[test]
    fn an_order_that_is_no_swap_has_its_inverse() {
        let order = Order { lstm: [0, 3, 1, 2], ..OURS }.of(Kind::Lstm { coupled: false });
        let ours = arr2(&[[1.0, 2.0, 3.0, 4.0]]).into_dyn();
        assert_eq!(there(&order, &ours), arr2(&[[1.0, 4.0, 2.0, 3.0]]).into_dyn());
        assert_eq!(back(&order, &there(&order, &ours)), ours);
    }

    #[test]
    fn a_gate_that_is_not_there_is_zero() {
        let order = Order { lstm: [0, 3, 1, 2], ..OURS }.of(Kind::Lstm { coupled: true });
        let ours = arr2(&[[1.0, 2.0, 3.0]]).into_dyn(); // i g o
        assert_eq!(there(&order, &ours), arr2(&[[1.0, 3.0, 0.0, 2.0]]).into_dyn());
        assert_eq!(back(&order, &arr2(&[[1.0, 3.0, 9.0, 2.0]]).into_dyn()), ours);
    }
}
