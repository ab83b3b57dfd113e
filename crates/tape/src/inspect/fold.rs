//! Sections that repeat one another.
//!
//! An unrolled recurrence is one step drawn `T` times. Section `b` repeats the section `a` before it when both
//! have the same ops and shapes in the same order, wired alike: inside, to the same nodes outside, and from step to
//! step.

use crate::{
    Real,
    node::{Kind, Node},
    record::Record,
};
use std::ops::Range;

/// The living nodes, cut into sections.
pub(super) struct Graph<'a, T: Real> {
    pub(super) record: &'a Record<T>,
    pub(super) nodes: Vec<(u64, &'a Node<T>)>,
    pub(super) runs: Vec<Run>,
}

/// Sections in a row that repeat the first of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    /// The first of them: places in [`Graph::nodes`].
    pub(super) nodes: Range<usize>,
    /// Which section that is, if it is one.
    pub(super) section: Option<usize>,
    /// How many there are.
    pub(super) times: usize,
}

impl Run {
    /// The places of all its sections.
    fn all(&self) -> Range<usize> {
        self.nodes.start..self.nodes.start + self.nodes.len() * self.times
    }
}

impl<'a, T: Real> Graph<'a, T> {
    pub(super) fn new(record: &'a Record<T>, fold: bool) -> Self {
        let nodes: Vec<_> = record.living().collect();
        let mut graph = Self { record, nodes, runs: Vec::new() };
        let mut start = 0;
        while start < graph.nodes.len() {
            let section = record.notes.section_index(graph.nodes[start].0);
            let same = |(id, _): &&(u64, _)| record.notes.section_index(*id) == section;
            let end = start + graph.nodes[start..].iter().take_while(same).count();
            match graph.runs.last() {
                Some(run) if fold && section.is_some() && graph.repeats(run, start..end) => {
                    let at = graph.runs.len() - 1;
                    graph.runs[at].times += 1;
                }
                _ => graph.runs.push(Run { nodes: start..end, section, times: 1 }),
            }
            start = end;
        }
        graph
    }

    /// The place of a node.
    pub(super) fn place(&self, id: u64) -> usize {
        if id >= self.record.front {
            self.record.survivors.len() + (id - self.record.front) as usize
        } else {
            self.record.survivors.partition_point(|(known, _)| *known < id)
        }
    }

    /// The place of the node that is drawn for the one at `place`.
    pub(super) fn drawn(&self, place: usize) -> usize {
        let at = self.runs.partition_point(|run| run.nodes.start <= place).saturating_sub(1);
        let nodes = &self.runs[at].nodes;
        nodes.start + (place - nodes.start) % nodes.len()
    }

    /// Does section `b`, which follows `run`, repeat it?
    fn repeats(&self, run: &Run, b: Range<usize>) -> bool {
        let len = b.len();
        if run.section.is_none() || run.nodes.len() != len {
            return false;
        }
        let a = b.start - len..b.start;
        a.clone().zip(b.clone()).all(|(at_a, at_b)| {
            let (na, nb) = (self.nodes[at_a].1, self.nodes[at_b].1);
            let (xa, xb) = (self.record.inputs(na), self.record.inputs(nb));
            na.op_name() == nb.op_name()
                && na.shape == nb.shape
                && xa.len() == xb.len()
                && xa
                    .iter()
                    .zip(xb)
                    .all(|(xa, xb)| self.alike(run, (&a, self.place(*xa)), (&b, self.place(*xb))))
        })
    }

    /// Are inputs at places `xa` of a node in `a` and `xb` of its like in `b` alike?
    fn alike(
        &self,
        run: &Run,
        (a, xa): (&Range<usize>, usize),
        (b, xb): (&Range<usize>, usize),
    ) -> bool {
        let (na, nb) = (self.nodes[xa].1, self.nodes[xb].1);
        if b.contains(&xb) {
            xa + b.len() == xb
        } else if a.contains(&xb) {
            // Carried from one to the next; into the first of a run it comes from anywhere outside.
            if run.times > 1 {
                xa + b.len() == xb
            } else {
                !run.all().contains(&xa) && na.shape == nb.shape
            }
        } else {
            let data = |node: &Node<T>| matches!(node.kind, Kind::Constant);
            xa == xb || data(na) && data(nb) && na.shape == nb.shape
        }
    }
}
