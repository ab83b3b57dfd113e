//! Through a segment: the outer sweep goes on over the inner tape.

use super::{Few, Segment, replay::Replay};
use crate::{
    Real,
    error::or_panic,
    gather::Gather,
    gradients::Kept,
    node::{Kind, Node},
    pool::Pool,
    running::Running,
    sweep::Sweep,
};
use std::mem::swap;

impl<T: Real> Sweep<'_, T> {
    /// Records a segment again and sweeps it.
    pub(crate) fn segment(&mut self, segment: &Segment<T>, node: &Node<T>, dy: Running<T>) {
        let edges = self.record.inputs(node);
        let (inputs, params) = edges.split_at(segment.inputs);
        let inner = self.tape.borrow_inner();
        let replay = or_panic(Replay::record(&inner, *self.lookup, inputs, &*segment.run));
        let mut leaves = replay.leaves;
        for (param, version, id) in replay.params {
            let is_it = |outer: &&u64| {
                let node = self.lookup.node(**outer);
                matches!(node.kind, Kind::Param(id) if (id, node.version()) == (param, version))
            };
            match params.iter().find(is_it) {
                Some(outer) => leaves.push((*outer, id)),
                None => panic!(
                    "a checkpoint's segment (recorded at {}) binds {param:?} in version {version}, which it did not \
                     when it was recorded; it must do the same at every call",
                    node.site
                ),
            }
        }
        {
            let record = inner.record.borrow();
            let y = record.lookup().node(replay.y);
            assert!(
                record.shape(y) == self.record.shape(node),
                "a checkpoint's segment gives {:?}, but gave {:?} when it was recorded (at {}); it must do the same \
                 at every call",
                &record.shape(y)[..],
                &self.record.shape(node)[..],
                node.site
            );
            // The inner tape's pool holds the outer sweep's state meanwhile: the free memory serves both.
            let aside = &mut *inner.pool.lock();
            let begun: Few<_> = leaves.iter().map(|leaf| (leaf.1, self.take(leaf.0))).collect();
            let exchange = |aside: &mut Pool<T>, pool: &mut Pool<T>| {
                swap(&mut aside.adjoints, &mut pool.adjoints);
                swap(&mut aside.survivors, &mut pool.survivors);
                swap(&mut aside.gathers, &mut pool.gathers);
                swap(&mut aside.clean, &mut pool.clean);
            };
            exchange(aside, self.pool);
            let end = record.nodes.end();
            self.pool.begin((end - record.front) as usize, record.survivors.len());
            carry(&mut aside.gathers, &mut self.pool.gathers, leaves.iter().copied());
            let lookup = record.lookup();
            let mut sweep = Sweep {
                tape: &inner,
                record: &record,
                lookup: &lookup,
                scratch: self.scratch,
                pool: &mut *self.pool,
                kept: Kept::default(),
                plain: record.hooks.is_empty(),
                traced: false,
                blame: None,
                first: record.front,
            };
            for (id, sum) in begun {
                sweep.put(id, sum);
            }
            if sweep.slot(replay.y).is_some_and(|slot| slot.is_zero()) {
                sweep.put(replay.y, dy);
            } else {
                let terms = dy.as_slice();
                sweep.add_to(replay.y, terms.len(), |sum| sum.add(terms.iter().copied()));
                dy.give_to(sweep.pool);
            }
            for id in (record.front..end).rev() {
                let node = sweep.lookup.node(id);
                if matches!(node.kind, Kind::Op(_)) {
                    sweep.node(id, node);
                }
            }
            let sums: Few<_> = leaves.iter().map(|leaf| (leaf.0, sweep.take(leaf.1))).collect();
            let back = leaves.iter().map(|&(outer, inner)| (inner, outer));
            carry(&mut self.pool.gathers, &mut aside.gathers, back);
            self.pool.begin(0, 0);
            exchange(aside, self.pool);
            for (id, sum) in sums {
                self.put(id, sum);
            }
        }
        self.tape.return_inner(inner);
    }
}

/// Hands over the rows on their way to some leaves, under the leaves' other names.
fn carry<T>(
    from: &mut Vec<Gather<T>>,
    to: &mut Vec<Gather<T>>,
    names: impl Iterator<Item = (u64, u64)>,
) {
    for (old, new) in names {
        // One for each stretch of its columns that has been used.
        while let Some(at) = from.iter().position(|gather| gather.leaf == old) {
            let mut gather = from.swap_remove(at);
            gather.leaf = new;
            to.push(gather);
        }
    }
}
