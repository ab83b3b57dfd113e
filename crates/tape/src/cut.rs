//! Letting go of the past: marks and cuts.
//!
//! Detaching a value before it is used decides in advance where adjoints stop. A cut decides it afterwards:
//! whatever was recorded before a mark is released, however many nodes already depend on it. This is what
//! a sliding window needs.

use crate::{
    Error, Real, Result, Tape,
    error::or_panic,
    node::{Kind, Node, Place},
    pool::Pool,
    record::Record,
};
use std::panic::Location;

/// A moment in the recording: everything is either before it or after.
#[derive(Debug)]
pub struct Mark<'t, T: Real> {
    pub(crate) tape: &'t Tape<T>,
    nodes: u64,
    values: u64,
    edges: u64,
    indices: u64,
}

impl<T: Real> Clone for Mark<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Mark<'_, T> {}

impl<T: Real> Mark<'_, T> {
    /// The serial number of the first node after it.
    pub fn id(self) -> u64 {
        self.nodes
    }

    /// Where nodes, values, edges and indices go on behind it.
    pub(crate) fn addresses(self) -> [u64; 4] {
        [self.nodes, self.values, self.edges, self.indices]
    }
}

impl<T: Real> Tape<T> {
    /// Marks this moment.
    pub fn mark(&self) -> Mark<'_, T> {
        let record = self.record.borrow();
        Mark {
            tape: self,
            nodes: record.nodes.end(),
            values: record.values.end(),
            edges: record.edges.end(),
            indices: record.indices.end(),
        }
    }

    /// Releases everything recorded before `mark`, except the parameters.
    ///
    /// Values that later nodes still read live on as constants: adjoints stop at them. Handles to anything
    /// that was released are answered with [`Error::Stale`]. Costs what is released, no matter how much
    /// stands behind the mark.
    ///
    /// # Panics
    /// When `mark` is of another tape, or a [strict](Tape::set_strict) tape has [grown](Tape::growth).
    #[track_caller]
    pub fn cut(&self, mark: Mark<'_, T>) {
        or_panic(self.try_cut(mark));
    }

    /// [`cut`](Tape::cut), or the error when `mark` is of another tape.
    #[track_caller]
    pub fn try_cut(&self, mark: Mark<'_, T>) -> Result<()> {
        if !std::ptr::eq(self, mark.tape) {
            return Err(Error::Foreign { what: "cut", node: mark.nodes });
        }
        self.close_window();
        let mut record = self.record.borrow_mut();
        if mark.nodes <= record.front {
            return Ok(());
        }
        record.cuts += 1;
        record.last_cut = Location::caller();
        let bound = self.bound.borrow();
        let pool = &mut *self.pool.lock();
        record.release(mark.nodes, pool, |id, param| bound.get(param) == Some(&id));
        let kept = record.kept_from(mark.nodes, mark.values);
        record.values.release(kept);
        record.edges.release(mark.edges);
        record.indices.release(mark.indices);
        record.notes.release(mark.nodes);
        Ok(())
    }
}

impl<T: Real> Tape<T> {
    /// Lets go of every parameter that was recorded before the last cut and that nothing reads: so that whoever
    /// owns it writes in place, not on a copy. A handle to it is stale from now on; asked for it again, the tape
    /// makes a new leaf.
    pub fn unbind(&self) {
        let record = &mut *self.record.borrow_mut();
        let front = record.front;
        let mut bound = self.bound.borrow_mut();
        record.survivors.retain(|(id, node)| match node.kind {
            Kind::Param(param) if node.last_use < front => {
                if bound.get(param) == Some(id) {
                    bound.remove(param);
                }
                record.notes.forget(*id);
                false
            }
            _ => true,
        });
    }
}

impl<T: Real> Record<T> {
    /// Releases the nodes before `front`; those that are still read, and the parameters still bound, survive.
    fn release(
        &mut self,
        front: u64,
        pool: &mut Pool<T>,
        is_bound: impl Fn(u64, crate::ParamId) -> bool,
    ) {
        let first = self.front;
        let old_survivors = self.survivors.len();
        let mut spare = std::mem::take(&mut self.spare);
        for id in first..front {
            let node = &mut self.nodes.items[(id - self.nodes.base) as usize];
            let survives = node.last_use >= front
                || matches!(node.kind, Kind::Param(param) if is_bound(id, param));
            if !survives {
                self.shells.take_back(&mut node.kind);
                self.notes.forget(id);
                continue;
            }
            let node = self.lookup().node(id);
            let kept = match &node.place {
                Place::Param { array, version } if matches!(node.kind, Kind::Param(_)) => {
                    Place::Param { array: array.clone(), version: *version }
                }
                _ => {
                    let mut values = spare.pop().unwrap_or_default();
                    values.extend_from_slice(self.lookup().values_of(node));
                    Place::Kept(values)
                }
            };
            self.survive(id, kept);
        }
        // Only now may go what stood aside, and the survivors of earlier cuts: what was kept above may have been a view of
        // them.
        if self.aside > 0 {
            (first..front).for_each(|id| self.let_go(id, pool));
        }
        self.front = front;
        let mut at = 0;
        self.survivors.retain_mut(|(id, node)| {
            at += 1;
            let stays = at > old_survivors
                || node.last_use >= front
                || matches!(node.kind, Kind::Param(param) if is_bound(*id, param));
            if !stays {
                self.notes.forget(*id);
                if let Place::Kept(values) = &mut node.place {
                    values.clear();
                    spare.push(std::mem::take(values));
                }
            }
            stays
        });
        self.spare = spare;
        self.nodes.release(front);
        self.segments.release(front);
        self.hooks.release(front, &self.survivors);
    }

    /// Moves node `id` from the queue to the survivors.
    fn survive(&mut self, id: u64, place: Place<T>) {
        let Some(node) = self.get_mut(id) else { return };
        let is_param = matches!(node.kind, Kind::Param(_));
        let mut kind = std::mem::replace(&mut node.kind, Kind::Constant);
        let survivor = Node {
            shape: node.shape,
            len: node.len,
            place,
            wants: is_param,
            watched: node.watched && is_param,
            last_use: node.last_use,
            site: node.site,
            ..Node::BLANK
        };
        self.survivors.push((id, survivor));
        if is_param {
            if let Some((_, survivor)) = self.survivors.last_mut() {
                survivor.kind = kind;
            }
        } else {
            self.shells.take_back(&mut kind);
        }
    }
}
