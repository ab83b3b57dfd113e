//! What a tape costs: memory and arithmetic, by op and by section.
//!
//! ```text
//! bytes = values + saved + records        flops = Σ Op::flops
//! ```

use crate::{
    Inputs, Real, Tape,
    lend::Lent,
    node::{Kind, Node, Place},
};
use std::{collections::HashMap, fmt};

/// One line of a [`Ledger`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRow {
    /// The op's name, or the section's.
    pub name: String,
    /// How many nodes.
    pub nodes: usize,
    /// Bytes of their values. A view has none of its own, and a parameter's array is not the tape's.
    pub values: usize,
    /// Bytes that `forward` saved for `backward`.
    pub saved: usize,
    /// Bytes of the nodes themselves and of the lists of their inputs.
    pub records: usize,
    /// Floating-point operations of the forward pass, by [`Op::flops`](crate::Op::flops).
    pub flops: u64,
}

impl LedgerRow {
    /// All bytes.
    pub fn bytes(&self) -> usize {
        self.values + self.saved + self.records
    }

    fn add(&mut self, other: &Self) {
        self.nodes += other.nodes;
        self.values += other.values;
        self.saved += other.saved;
        self.records += other.records;
        self.flops += other.flops;
    }

    fn cells(&self) -> [String; 6] {
        let Self { nodes, values, saved, records, flops, .. } = self;
        let figures = [*nodes, *values, *saved, *records].map(|n| n.to_string());
        let [nodes, values, saved, records] = figures;
        [self.name.clone(), nodes, values, saved, records, flops.to_string()]
    }
}

/// What the nodes on a tape cost: see [`Tape::ledger`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    ops: Vec<LedgerRow>,
    sections: Vec<LedgerRow>,
    total: LedgerRow,
}

impl Ledger {
    /// One row for each kind of op, in the order of their first use.
    pub fn rows(&self) -> &[LedgerRow] {
        &self.ops
    }

    /// One row for each [section](Tape::section), in their order; first, without a name, what is in none. Empty
    /// when no section was ever opened.
    pub fn sections(&self) -> &[LedgerRow] {
        &self.sections
    }

    /// The sum of all rows.
    pub fn total(&self) -> &LedgerRow {
        &self.total
    }
}

impl<T: Real> Tape<T> {
    /// Counts what is on the tape: bytes and floating-point operations, by op and by section.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.leaf(ndarray::Array2::zeros((2, 3)));
    /// let w = tape.leaf(ndarray::Array2::zeros((3, 4)));
    /// let _ = x.matmul(w).tanh();
    /// let ledger = tape.ledger();
    /// let flops: Vec<_> = ledger.rows().iter().map(|row| (&row.name[..], row.flops)).collect();
    /// assert_eq!(flops, [("leaf", 0), ("MatMul", 2 * 2 * 3 * 4), ("Tanh", 8)]);
    /// assert_eq!(ledger.total().bytes(), tape.bytes());
    /// ```
    pub fn ledger(&self) -> Ledger {
        let record = self.record.borrow();
        let mut ledger = Ledger::default();
        ledger.total.name = "total".to_owned();
        let mut at: HashMap<&str, usize> = HashMap::new();
        let mut current = None;
        for (id, node) in record.living() {
            let flops = match &node.kind {
                Kind::Op(op) => {
                    let lent = Lent {
                        lookup: &record.lookup(),
                        nodes: record.inputs(node),
                        indices: record.indices_of(node),
                        scratch: &self.scratch,
                    };
                    if matches!(node.place, Place::View { .. }) {
                        0
                    } else {
                        op.flops(Inputs(&lent), record.shape(node))
                    }
                }
                _ => 0,
            };
            let own = matches!(node.place, Place::Arena(_) | Place::Kept(_) | Place::Aside(_))
                && !record.is_whole(id);
            let row = LedgerRow {
                name: node.op_name().to_owned(),
                nodes: 1,
                values: if own { node.len * size_of::<T>() } else { 0 },
                saved: node.saved * size_of::<T>(),
                records: size_of::<Node<T>>()
                    + node.inputs as usize * size_of::<u64>()
                    + node.index_count as usize * size_of::<usize>(),
                flops,
            };
            ledger.total.add(&row);
            let section = record.notes.section_index(id);
            if ledger.sections.is_empty() || section != current {
                let name = section.map(|at| record.notes.section_name(at).to_owned());
                ledger.sections.push(LedgerRow { name: name.unwrap_or_default(), ..row.clone() });
                current = section;
            } else if let Some(last) = ledger.sections.last_mut() {
                last.add(&row);
            }
            let place = *at.entry(node.op_name()).or_insert(ledger.ops.len());
            match ledger.ops.get_mut(place) {
                Some(sum) => sum.add(&row),
                None => ledger.ops.push(row),
            }
        }
        if ledger.sections.len() == 1 && current.is_none() {
            ledger.sections.clear();
        }
        ledger
    }
}

impl fmt::Display for Ledger {
    /// The ops, then the sections if there are any, then the total.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = |first: &str| {
            [first, "nodes", "values", "saved", "records", "flops"].map(str::to_owned)
        };
        let mut lines = vec![head("op")];
        lines.extend(self.ops.iter().map(LedgerRow::cells));
        if !self.sections.is_empty() {
            lines.push(head("section"));
            lines.extend(self.sections.iter().map(LedgerRow::cells));
        }
        lines.push(self.total.cells());
        let mut widths = [0; 6];
        for (column, width) in widths.iter_mut().enumerate() {
            *width = lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        }
        let [a, b, c, d, e, g] = widths;
        for [name, nodes, values, saved, records, flops] in &lines {
            writeln!(
                f,
                "{name:a$}  {nodes:>b$}  {values:>c$}  {saved:>d$}  {records:>e$}  {flops:>g$}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_total_is_what_the_tape_takes_and_both_ways_of_counting_agree() {
        let tape = Tape::<f32>::new();
        let w = tape.leaf(Array2::ones((3, 3)));
        let mut h = tape.constant(Array2::ones((2, 3)));
        for t in 0..3 {
            tape.section(format_args!("step {t}"));
            h = h.matmul(w).tanh();
        }
        let ledger = tape.ledger();
        assert_eq!(ledger.total().bytes(), tape.bytes());
        assert_eq!(ledger.total().nodes, tape.len());
        for rows in [ledger.rows(), ledger.sections()] {
            let mut sum = LedgerRow { name: "total".to_owned(), ..LedgerRow::default() };
            rows.iter().for_each(|row| sum.add(row));
            assert_eq!(&sum, ledger.total());
        }
        let steps: Vec<_> =
            ledger.sections().iter().map(|row| (&row.name[..], row.flops)).collect();
        let step = 2 * 2 * 3 * 3 + 2 * 3;
        assert_eq!(steps, [("", 0), ("step 0", step), ("step 1", step), ("step 2", step)]);
    }

    #[test]
    fn it_prints_as_an_aligned_table() {
        let row = |name: &str, nodes, flops| LedgerRow {
            name: name.to_owned(),
            nodes,
            values: 8 * nodes,
            saved: 0,
            records: 100 * nodes,
            flops,
        };
        let (ops, sections) =
            (vec![row("leaf", 2, 0), row("MatMul", 10, 4800)], vec![row("σ", 12, 4800)]);
        let ledger = Ledger { ops, sections, total: row("total", 12, 4800) };
        assert_eq!(
            ledger.to_string(),
            "op       nodes  values  saved  records  flops\n\
             leaf         2      16      0      200      0\n\
             MatMul      10      80      0     1000   4800\n\
             section  nodes  values  saved  records  flops\n\
             σ           12      96      0     1200   4800\n\
             total       12      96      0     1200   4800\n"
        );
    }

    #[test]
    fn moving_elements_is_no_arithmetic_and_summing_them_is() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(Array2::ones((2, 3)));
        let _ = tape.stack(&[x, x]).sum().detach();
        let flops: Vec<_> = tape.ledger().rows().iter().map(|row| row.flops).collect();
        assert_eq!(flops, [0, 0, 12, 0]);
    }
}
