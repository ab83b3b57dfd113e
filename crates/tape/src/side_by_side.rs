//! Parts that stand side by side are joined where they stand.
//!
//! ```text
//! values    … │ h₁ │ h₂ │ h₃ │ …
//!             └── stack(h) ──┘
//! ```
//!
//! A recurrence that leaves one value at each step has written the sequence of its states by the time they are
//! [joined](crate::Op::joins): nothing is left to copy. Such a whole stands where its first part does, and that may be before a mark
//! behind which the whole was recorded. So a cut there keeps the values from this part on.

use crate::{Real, lookup::Lookup, node::Place, record::Record};
use std::ops::Range;

/// The wholes that are made of other nodes' values: their serial numbers, in order, and where they begin.
pub(crate) type Wholes = Vec<(u64, u64)>;

impl<T: Real> Record<T> {
    /// Where the values of `parts` begin, if they stand one right behind the other.
    pub(crate) fn side_by_side(&self, parts: &[u64]) -> Option<u64> {
        let lookup = self.lookup();
        let (first, others) = parts.split_first()?;
        let Range { start, mut end } = addresses(&lookup, *first)?;
        for &part in others {
            let next = addresses(&lookup, part)?;
            if next.start != end {
                return None;
            }
            end = next.end;
        }
        Some(start)
    }

    /// Are the values of node `id` those of others?
    pub(crate) fn is_whole(&self, id: u64) -> bool {
        self.wholes.binary_search_by_key(&id, |whole| whole.0).is_ok()
    }

    /// From where on values are kept when all nodes before `front`, whose values stand before `values`, are released.
    pub(crate) fn kept_from(&mut self, front: u64, values: u64) -> u64 {
        self.wholes.retain(|&(id, _)| id >= front);
        self.wholes.iter().fold(values, |kept, &(_, start)| kept.min(start))
    }
}

/// Where the values of a node stand in the arena, if they do.
fn addresses<T: Real>(lookup: &Lookup<'_, T>, id: u64) -> Option<Range<u64>> {
    let node = lookup.node(id);
    let start = match node.place {
        Place::Arena(start) => start,
        Place::View { root, offset } => match lookup.node(root).place {
            Place::Arena(start) => start + offset as u64,
            _ => return None,
        },
        _ => return None,
    };
    Some(start..start + node.len as u64)
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Var, ops::reduction::examples::wave};
    use ndarray::{ArrayD, Axis};

    /// Three rows that stand side by side, and what they show.
    fn rows(tape: &Tape<f64>) -> ([Var<'_, f64>; 3], [ArrayD<f64>; 3]) {
        let x = wave(&[3, 4]);
        let rows = [0, 1, 2].map(|k| x.index_axis(Axis(0), k).to_owned());
        (rows.each_ref().map(|row| tape.leaf(row)), rows)
    }

    fn values(tape: &Tape<f64>) -> usize {
        tape.record.borrow().values.len
    }

    #[test]
    fn what_stands_side_by_side_is_joined_without_a_copy() {
        let tape = Tape::new();
        let ([a, b, c], _) = rows(&tape);
        let before = values(&tape);
        let stacked = tape.stack(&[a, b, c]);
        let joined = tape.concat(0, &[stacked.select(0, 1), stacked.select(0, 2)]);
        assert_eq!(values(&tape), before);
        assert_eq!(stacked.value(), wave(&[3, 4]));
        assert_eq!(joined.value().as_slice(), wave(&[12]).as_slice().map(|x| &x[4..]));
        assert_eq!(tape.ledger().total().values, 3 * 4 * 8);
    }

    #[test]
    fn in_another_order_or_with_a_gap_it_is_copied() {
        let tape = Tape::new();
        let ([a, b, c], [x, y, z]) = rows(&tape);
        let kept = tape.constant(&std::sync::Arc::new(y.clone()));
        for (parts, expected) in [
            ([b, a], [&y, &x]),
            ([a, c], [&x, &z]),
            ([a, a], [&x, &x]),
            ([c, kept], [&z, &y]),
            ([kept, a], [&y, &x]),
        ] {
            let joined = tape.stack(&parts).value();
            assert_eq!(joined, ndarray::stack(Axis(0), &expected.map(|x| x.view())).unwrap());
        }
    }

    #[test]
    fn adjoints_of_the_whole_and_of_its_parts_come_together() {
        let tape = Tape::new();
        let ([a, b, c], rows) = rows(&tape);
        let whole = tape.stack(&[a, b, c]);
        let loss = whole.square().sum() + (a * c).sum() + (whole.select(0, 1) * b).sum();
        let gradients = tape.backward(loss);
        let [x, y, z] = rows;
        assert_eq!(gradients[a], &x * 2.0 + &z);
        assert_eq!(gradients[b], &y * 4.0);
        assert_eq!(gradients[c], &z * 2.0 + &x);
    }

    #[test]
    fn a_cut_between_the_parts_and_the_whole_leaves_the_whole() {
        let tape = Tape::new();
        for _ in 0..20 {
            tape.leaf(wave(&[30])); // so much that the memory is closed up
        }
        let (parts, _) = rows(&tape);
        let mark = tape.mark();
        let whole = tape.stack(&parts).watch();
        let doubled = whole * 2.0;
        tape.cut(mark);
        assert_eq!(whole.value(), wave(&[3, 4]));
        assert_eq!(tape.backward((whole * doubled).sum())[whole], 4.0 * wave(&[3, 4]));
        // With the whole goes what it was made of.
        let mark = tape.mark();
        let next = whole * 1.0;
        tape.cut(mark);
        assert_eq!(next.value(), wave(&[3, 4]));
        assert_eq!(tape.record.borrow().wholes, []);
    }
}
