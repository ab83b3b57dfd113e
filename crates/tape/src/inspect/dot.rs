//! The tape as a graph, for Graphviz to draw.
//!
//! ```text
//! node ──► what reads it        [section]  a box around its nodes        step 1 … step 12 (× 12)  folded
//! ```

use super::fold::{Graph, Run};
use crate::{Real, Tape, node::Kind};
use std::fmt::Write;

/// How [`Tape::to_dot_with`] draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DotOptions {
    /// Draw sections in a row that repeat one another once, with their number, and what one hands to the next as
    /// a dashed arrow. Sections repeat one another when they have the same ops (whatever their parameters) and
    /// shapes, wired alike; labels do not matter, nor which constant of a shape is read.
    pub fold: bool,
}

impl<T: Real> Tape<T> {
    /// What is recorded, in the language of Graphviz: a node for each node with its label, op and shape, a box
    /// around each [section](Tape::section).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.leaf([0.5, -1.0]).label("x");
    /// let _ = x.tanh();
    /// let dot = tape.to_dot();
    /// assert!(dot.contains("  n0 [label=\"x\\nleaf [2]\", shape=ellipse];\n"));
    /// assert!(dot.contains("  n0 -> n1;\n"));
    /// ```
    pub fn to_dot(&self) -> String {
        self.to_dot_with(DotOptions::default())
    }

    /// [`to_dot`](Tape::to_dot), folded on request.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let mut h = tape.leaf(0.1);
    /// for t in 1..=12 {
    ///     tape.section(format_args!("step {t}"));
    ///     h = (h + 1.0).tanh();
    /// }
    /// let dot = tape.to_dot_with(tape::DotOptions { fold: true });
    /// assert!(dot.contains("label=\"step 1 … step 12 (× 12)\";"));
    /// assert!(dot.contains("  n2 -> n1 [style=dashed, constraint=false];\n"));
    /// ```
    pub fn to_dot_with(&self, options: DotOptions) -> String {
        let record = self.record.borrow();
        let graph = Graph::new(&record, options.fold);
        let mut out = String::from("digraph tape {\n  node [shape=box];\n");
        for (cluster, run) in graph.runs.iter().enumerate() {
            let indent = if run.section.is_some() { "    " } else { "  " };
            if run.section.is_some() {
                let title = title(&graph, run);
                line(&mut out, format_args!("  subgraph cluster_{cluster} {{"));
                line(&mut out, format_args!("    label=\"{title}\";"));
            }
            for (id, node) in &graph.nodes[run.nodes.clone()] {
                let label = record.notes.label(*id);
                let label = label.map(|label| escape(label) + "\\n").unwrap_or_default();
                let (op, shape) = (escape(node.op_name()), &record.shape(node)[..]);
                let style = match node.kind {
                    Kind::Op(_) => "",
                    Kind::Leaf => ", shape=ellipse",
                    Kind::Constant => ", shape=plaintext",
                    Kind::Param(_) => ", shape=ellipse, style=bold",
                };
                line(
                    &mut out,
                    format_args!("{indent}n{id} [label=\"{label}{op} {shape:?}\"{style}];"),
                );
            }
            if run.section.is_some() {
                line(&mut out, format_args!("  }}"));
            }
        }
        for run in &graph.runs {
            arrows(&mut out, &graph, run);
        }
        out.push_str("}\n");
        out
    }
}

/// The arrows into the nodes of a run, and those from one of its sections to the next.
fn arrows<T: Real>(out: &mut String, graph: &Graph<'_, T>, run: &Run) {
    let id = |place: usize| graph.nodes[place].0;
    for to in run.nodes.clone() {
        for &from in graph.record.inputs(graph.nodes[to].1) {
            let from = id(graph.drawn(graph.place(from)));
            line(out, format_args!("  n{from} -> n{};", id(to)));
        }
    }
    if run.times == 1 {
        return;
    }
    for to in run.nodes.clone() {
        for &from in graph.record.inputs(graph.nodes[to + run.nodes.len()].1) {
            let from = graph.place(from);
            if run.nodes.contains(&from) {
                let (from, to) = (id(from), id(to));
                line(out, format_args!("  n{from} -> n{to} [style=dashed, constraint=false];"));
            }
        }
    }
}

fn title<T: Real>(graph: &Graph<'_, T>, run: &Run) -> String {
    let Some(first) = run.section else { return String::new() };
    let name = |section| escape(graph.record.notes.section_name(section));
    let (start, end) = (name(first), name(first + run.times - 1));
    match run.times {
        1 => start,
        times if start == end => format!("{start} (× {times})"),
        times => format!("{start} … {end} (× {times})"),
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = out.write_fmt(text);
    out.push('\n');
}

/// A text between the quotes of the language.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_boxes_and_arrows_in_the_order_of_the_recording() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf([1.0, 2.0]).label("a \"b\" \\");
        tape.section("loss");
        let _ = (x * tape.constant(2.0)).sum();
        let expected = r#"digraph tape {
  node [shape=box];
  n0 [label="a \"b\" \\\nleaf [2]", shape=ellipse];
  subgraph cluster_1 {
    label="loss";
    n1 [label="constant []", shape=plaintext];
    n2 [label="Mul [2]"];
    n3 [label="Sum []"];
  }
  n0 -> n2;
  n1 -> n2;
  n2 -> n3;
}
"#;
        assert_eq!(tape.to_dot(), expected);
    }

    #[test]
    fn equal_steps_fold_into_one_and_what_follows_reads_the_one_drawn() {
        let tape = Tape::<f64>::new();
        let w = tape.leaf(0.5);
        let mut h = tape.constant(0.0);
        for _ in 0..3 {
            tape.section("step");
            h = (tape.constant(1.0) + w * h).tanh();
        }
        tape.section("loss");
        let _ = h.square();
        let expected = r#"digraph tape {
  node [shape=box];
  n0 [label="leaf []", shape=ellipse];
  n1 [label="constant []", shape=plaintext];
  subgraph cluster_1 {
    label="step (× 3)";
    n2 [label="constant []", shape=plaintext];
    n3 [label="Mul []"];
    n4 [label="Add []"];
    n5 [label="Tanh []"];
  }
  subgraph cluster_2 {
    label="loss";
    n14 [label="Square []"];
  }
  n0 -> n3;
  n1 -> n3;
  n2 -> n4;
  n3 -> n4;
  n4 -> n5;
  n5 -> n3 [style=dashed, constraint=false];
  n5 -> n14;
}
"#;
        assert_eq!(tape.to_dot_with(DotOptions { fold: true }), expected);
        assert_eq!(tape.to_dot().matches("subgraph").count(), 4);
    }

    #[test]
    fn steps_that_read_other_weights_or_other_places_do_not_fold() {
        let boxes = |tape: &Tape<f64>| {
            tape.to_dot_with(DotOptions { fold: true }).matches("subgraph").count()
        };
        let tape = Tape::<f64>::new();
        let weights = [tape.leaf(0.5), tape.leaf(0.25)];
        for w in weights {
            tape.section("layer");
            let _ = w.tanh();
        }
        assert_eq!(boxes(&tape), 2);
        let tape = Tape::<f64>::new();
        let x = tape.leaf(0.5);
        for skip in [false, true] {
            tape.section("step");
            let y = x.tanh();
            let _ = if skip { x.exp() } else { y.exp() };
        }
        assert_eq!(boxes(&tape), 2);
    }

    #[test]
    fn a_tape_that_was_cut_is_drawn_from_what_survives() {
        let tape = Tape::<f64>::new();
        let mut h = tape.leaf(0.5);
        for _ in 0..4 {
            let mark = tape.mark();
            tape.section("step");
            h = h.tanh();
            tape.cut(mark);
        }
        let dot = tape.to_dot_with(DotOptions { fold: true });
        assert!(dot.contains("n3 [label=\"constant []\", shape=plaintext];\n"), "{dot}");
        assert!(dot.contains("  n3 -> n4;\n"), "{dot}");
    }
}
