//! A segment recorded on the inner tape, and what stands there for what it reads.

use super::{Few, segments::Run};
use crate::{
    ParamId, Real, Result, Tape, Var,
    lookup::Lookup,
    node::{Kind, Place},
};
use std::sync::Arc;

/// A segment on the inner tape.
pub(super) struct Replay {
    /// The output.
    pub(super) y: u64,
    /// Nodes of the outer tape, and what stands for them.
    pub(super) leaves: Few<(u64, u64)>,
    /// Parameters that are none of these: id, version, node.
    pub(super) params: Few<(ParamId, u64, u64)>,
}

impl Replay {
    pub(super) fn record<T: Real>(
        inner: &Tape<T>,
        outer: Lookup<'_, T>,
        inputs: &[u64],
        run: &Run<T>,
    ) -> Result<Self> {
        let mut leaves = Few::<(u64, u64)>::new();
        let mut vars = Few::new();
        for &input in inputs {
            // One variable given twice is one variable inside, too.
            let id = leaves.iter().find(|(known, _)| *known == input).map(|(_, id)| *id);
            let id = id.unwrap_or_else(|| {
                let id = inner.stand_in(outer, input);
                leaves.push((input, id));
                id
            });
            vars.push(Var { tape: inner, id });
        }
        let y = run(inner, &vars);
        let record = inner.record.borrow();
        inner.check(&record, &y, || "the output of a checkpoint's segment")?;
        let mut params = Few::new();
        for id in record.front..record.nodes.end() {
            let node = record.lookup().node(id);
            if let Kind::Param(param) = node.kind
                && leaves.iter().all(|(_, known)| *known != id)
            {
                params.push((param, node.version(), id));
            }
        }
        Ok(Self { y: y.id, leaves, params })
    }
}

impl<T: Real> Tape<T> {
    /// Puts a copy of an outer node on this tape, to which a sweep adds as it does to the node itself.
    fn stand_in(&self, outer: Lookup<'_, T>, id: u64) -> u64 {
        let source = outer.node(id);
        let mut record = self.record.borrow_mut();
        // What an op made stays no leaf: rows are gathered for leaves only.
        let kind = match source.kind {
            Kind::Op(_) | Kind::Constant => Kind::Constant,
            Kind::Leaf => Kind::Leaf,
            Kind::Param(id) => Kind::Param(id),
        };
        let mut copy = record.node(kind, outer.shape(source), source.site);
        copy.wants = source.wants;
        copy.place = match &source.place {
            Place::Param { array, version } => {
                Place::Param { array: Arc::clone(array), version: *version }
            }
            _ => {
                let start = record.values.end();
                record.values.extend(copy.len).1.copy_from_slice(outer.values_of(source));
                Place::Arena(start)
            }
        };
        let id = record.push(copy);
        if let Kind::Param(param) = source.kind {
            self.bound.borrow_mut().insert(param, id);
        }
        id
    }
}
