//! Ways to look at a tape: as a graph, as data, as a bill, and for what is wrong with it.
//!
//! Nothing here is on the way of recording or sweeping: all of it reads the record afterwards.

mod dot;
mod fold;
mod growth;
mod json;
mod ledger;
mod spread;
mod trace_non_finite;

pub use dot::DotOptions;
pub use growth::Growth;
pub(crate) use growth::Windows;
pub use json::JsonOptions;
pub use ledger::{Ledger, LedgerRow};
pub use spread::Spread;
pub(crate) use trace_non_finite::Blame;
pub use trace_non_finite::{Culprit, Direction, Operand};

use crate::{
    Real,
    node::{Kind, Node, Place},
    record::Record,
};

impl<T: Real> Record<T> {
    /// All nodes on the tape in the order of their serial numbers.
    pub(crate) fn living(&self) -> impl Iterator<Item = (u64, &Node<T>)> {
        let survivors = self.survivors.iter().map(|(id, node)| (*id, node));
        let rest = self.nodes.slice(self.front, (self.nodes.end() - self.front) as usize);
        survivors.chain((self.front..).zip(rest))
    }

    /// How many they are.
    pub(crate) fn population(&self) -> usize {
        (self.nodes.end() - self.front) as usize + self.survivors.len()
    }

    /// How many bytes the nodes and their values take.
    pub(crate) fn bytes(&self) -> usize {
        let kept = |node: &Node<T>| match &node.place {
            Place::Kept(values) => values.len() * size_of::<T>(),
            _ => 0,
        };
        self.nodes.bytes()
            + self.values.bytes()
            + self.aside * size_of::<T>()
            + self.edges.bytes()
            + self.indices.bytes()
            + self
                .survivors
                .iter()
                .map(|(_, node)| size_of::<Node<T>>() + kept(node))
                .sum::<usize>()
    }
}

impl<T: Real> Node<T> {
    /// The op's name; `leaf`, `constant` or `param` for what no op has made.
    pub(crate) fn op_name(&self) -> &'static str {
        match &self.kind {
            Kind::Op(op) => op.name(),
            Kind::Leaf => "leaf",
            Kind::Constant => "constant",
            Kind::Param(_) => "param",
        }
    }
}
