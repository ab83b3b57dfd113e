//! The tape as a table: one line for each node, in the order of the recording.
//!
//! ```text
//! ȳ of a line is complete once all lines below it have been swept
//! ```
//!
//! Read downwards it is the forward pass, read upwards the sweep.

use crate::{Gradients, Real, Shape, Tape, Var};
use std::{fmt, panic::Location};

/// How many elements, and how many inputs, a printed cell shows.
const SHOWN: usize = 4;

/// What is on a [`Tape`] at present, to be printed or walked through: see [`Tape::table`].
#[derive(Debug, Clone, Copy)]
pub struct Table<'a, T: Real> {
    tape: &'a Tape<T>,
    gradients: Option<&'a Gradients<T>>,
}

/// One node of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Row<T> {
    /// Its serial number, that of its [`Var`].
    pub node: u64,
    /// The op's name; `leaf`, `constant` or `param` for what no op has made.
    pub op: &'static str,
    /// What [`Var::label`] called it.
    pub label: Option<String>,
    /// The [section](Tape::section) it is in.
    pub section: Option<String>,
    /// The lengths of its axes.
    pub shape: Shape,
    /// Its first few elements, in row-major order; the shape tells how many there are in all. None of a value that has been
    /// [let go](Tape::let_go).
    pub value: Vec<T>,
    /// The first few elements of its adjoint, if the sweep kept it.
    pub adjoint: Option<Vec<T>>,
    /// The nodes it was computed from, in the order of the op's operands.
    pub inputs: Vec<u64>,
    /// The line of the program that recorded it.
    pub site: &'static Location<'static>,
}

impl<T: Real> Tape<T> {
    /// What is recorded, as a table: node, op, shape, value, inputs, and the line that recorded it.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.leaf([0.5, -1.0]);
    /// let y = (x * x).sum();
    /// let printed = tape.table().to_string();
    /// assert!(printed.contains("   1  Mul   [2]    [0.25, 1]  0 0     "));
    /// ```
    ///
    /// `println!("{printed}")` shows
    ///
    /// ```text
    /// node  op    shape  value      inputs  recorded at
    ///    0  leaf  [2]    [0.5, -1]          src/main.rs:2:14
    ///    1  Mul   [2]    [0.25, 1]  0 0     src/main.rs:3:10
    ///    2  Sum   []     1.25       1       src/main.rs:3:17
    /// ```
    ///
    /// The table reads the tape when it is printed, and prints all of it; of a long one take
    /// [`rows`](Table::rows). What a cut has kept for later nodes to read is a `constant`.
    pub fn table(&self) -> Table<'_, T> {
        Table { tape: self, gradients: None }
    }

    /// [`table`](Tape::table) with one more column, the adjoints that a sweep kept: those of leaves, parameters
    /// and watched variables.
    pub fn table_with<'a>(&'a self, gradients: &'a Gradients<T>) -> Table<'a, T> {
        Table { tape: self, gradients: Some(gradients) }
    }
}

impl<'a, T: Real> Table<'a, T> {
    /// The rows one by one, each read from the tape when its turn comes.
    pub fn rows(&self) -> impl Iterator<Item = Row<T>> + use<'a, T> {
        let record = self.tape.record.borrow();
        let survivors: Vec<u64> = record.survivors.iter().map(|(id, _)| *id).collect();
        let table = *self;
        survivors
            .into_iter()
            .chain(record.front..record.nodes.end())
            .filter_map(move |id| table.row(id))
    }

    fn row(&self, id: u64) -> Option<Row<T>> {
        let record = self.tape.record.borrow();
        let node = record.get(id)?;
        let value = record.lookup().values_of(node).iter().take(SHOWN).copied().collect();
        let var = Var { tape: self.tape, id };
        let adjoint = self.gradients.and_then(|gradients| gradients.get(var).ok());
        Some(Row {
            node: id,
            op: node.op_name(),
            label: record.notes.label(id).map(str::to_owned),
            section: record.notes.section(id).map(str::to_owned),
            shape: record.shape(node).clone(),
            value,
            adjoint: adjoint.map(|adjoint| adjoint.iter().take(SHOWN).copied().collect()),
            inputs: record.inputs(node).to_vec(),
            site: node.site,
        })
    }
}

impl<T: Real> Row<T> {
    fn cells(&self) -> [String; 8] {
        let inputs: Vec<_> = self.inputs.iter().map(u64::to_string).collect();
        let inputs = match &inputs[..] {
            [first @ .., last] if first.len() > SHOWN => {
                format!("{} … {last}", first[..SHOWN - 1].join(" "))
            }
            all => all.join(" "),
        };
        [
            self.node.to_string(),
            self.op.to_owned(),
            self.label.clone().unwrap_or_default(),
            format!("{:?}", &self.shape[..]),
            self.elements(&self.value),
            self.adjoint.as_ref().map(|adjoint| self.elements(adjoint)).unwrap_or_default(),
            inputs,
            self.site.to_string(),
        ]
    }

    /// `x` for a number, `[x, y, …]` for an array.
    fn elements(&self, first: &[T]) -> String {
        let all: Vec<_> = first.iter().map(|x| brief(x.primal())).collect();
        let more = match self.shape.iter().product::<usize>() {
            1.. if all.is_empty() => return "let go".to_owned(),
            len if len > all.len() => ", …",
            _ => "",
        };
        if self.shape.is_empty() { all.concat() } else { format!("[{}{more}]", all.join(", ")) }
    }
}

/// Five digits or fewer, without a tail of zeros.
pub(crate) fn brief(x: f64) -> String {
    let size = x.abs();
    let trim = |digits: &str| digits.trim_end_matches('0').trim_end_matches('.').to_owned();
    if !x.is_finite() {
        return x.to_string();
    }
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        let scientific = format!("{x:.4e}");
        return match scientific.split_once('e') {
            Some((digits, exponent)) => format!("{}e{exponent}", trim(digits)),
            None => scientific,
        };
    }
    trim(&format!("{x:.4}"))
}

impl<T: Real> fmt::Display for Table<'_, T> {
    /// Two passes over the tape: one for the widths, one to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["node", "op", "label", "shape", "value", "adjoint", "inputs", "recorded at"]
            .map(str::to_owned);
        let mut widths = head.each_ref().map(|cell| cell.chars().count());
        let mut labelled = false;
        for row in self.rows() {
            labelled |= row.label.is_some();
            for (width, cell) in widths.iter_mut().zip(row.cells()) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut line = |cells: [String; 8]| {
            let [node, op, label, shape, value, adjoint, inputs, site] = cells;
            let [n, o, l, s, v, a, i, _] = widths;
            write!(f, "{node:>n$}  {op:o$}  ")?;
            if labelled {
                write!(f, "{label:l$}  ")?;
            }
            write!(f, "{shape:s$}  {value:v$}  ")?;
            if self.gradients.is_some() {
                write!(f, "{adjoint:a$}  ")?;
            }
            writeln!(f, "{inputs:i$}  {site}")
        };
        line(head)?;
        self.rows().try_for_each(|row| line(row.cells()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a table, without the call sites.
    fn lines<T: Real>(table: Table<'_, T>) -> Vec<String> {
        let printed = table.to_string();
        let site = printed.find("recorded at").unwrap();
        let cut = |line: &str| line.chars().take(site).collect::<String>().trim_end().to_owned();
        printed.lines().map(cut).collect()
    }

    #[test]
    fn columns_line_up_and_long_cells_are_shortened() {
        let tape = Tape::<f64>::new();
        let (x, c) = (tape.leaf([0.5, -1.0, 2.0, 4.0, 8.0]), tape.constant(1e-7));
        let y = ((x * c).sum() * 2.0).watch();
        let _ = tape.stack(&[y; 6]);
        let expected = [
            "node  op        shape  value                                adjoint                      inputs",
            "   0  leaf      [5]    [0.5, -1, 2, 4, …]                   [2e-7, 2e-7, 2e-7, 2e-7, …]",
            "   1  constant  []     1e-7",
            "   2  Mul       [5]    [5e-8, -1e-7, 2e-7, 4e-7, …]                                      0 1",
            "   3  Sum       []     1.35e-6                                                           2",
            "   4  Scale     []     2.7e-6                               1                            3",
            "   5  Stack     [6]    [2.7e-6, 2.7e-6, 2.7e-6, 2.7e-6, …]                               4 4 4 … 4",
        ];
        let printed = lines(tape.table_with(&tape.backward(y)));
        assert_eq!(printed, expected);
    }

    #[test]
    fn labels_have_a_column_when_there_are_any() {
        let tape = Tape::<f64>::new();
        let _ = tape.leaf(0.5).label("h₁").exp();
        let expected = [
            "node  op    label  shape  value   inputs",
            "   0  leaf  h₁     []     0.5",
            "   1  Exp          []     1.6487  0",
        ];
        assert_eq!(lines(tape.table()), expected);
    }

    #[test]
    fn a_value_that_has_been_let_go_says_so() {
        let tape = Tape::<f64>::new();
        let [x, w] = [&[1, 2], &[2, 1]].map(|shape| tape.leaf(ndarray::Array2::zeros(*shape)));
        let gate = crate::Pointwise::new(|[z]| [z.tanh()]);
        let [_] = gate.activate(crate::Preactivation::matmul(x, w), &[]);
        assert!(lines(tape.table())[3].starts_with("   2  MatMul     [1, 1]  let go"));
    }

    #[test]
    fn numbers_keep_five_digits_and_no_tail() {
        let cases = [0.0, -0.5, 100.0, 1.0 / 3.0, 123_456.0, 1e5, 2.5e-4, f64::NAN, -f64::INFINITY];
        let brief: Vec<_> = cases.into_iter().map(brief).collect();
        let expected = ["0", "-0.5", "100", "0.3333", "1.2346e5", "1e5", "2.5e-4", "NaN", "-inf"];
        assert_eq!(brief, expected);
    }

    #[test]
    fn each_row_names_the_line_that_recorded_it() {
        let tape = Tape::<f64>::new();
        let (x, line) = (tape.leaf(2.0), line!());
        let row = tape.table().rows().next().unwrap();
        assert_eq!(
            (row.node, row.op, row.value, row.site.line()),
            (x.id(), "leaf", vec![2.0], line)
        );
        assert!(row.site.file().ends_with("table.rs"));
    }

    #[test]
    fn what_a_cut_keeps_is_a_constant_and_the_rest_is_gone() {
        let tape = Tape::<f64>::new();
        let h = tape.leaf(2.0).square();
        let mark = tape.mark();
        let y = h + 1.0;
        tape.cut(mark);
        let rows: Vec<_> = tape.table().rows().map(|row| (row.node, row.op, row.inputs)).collect();
        assert_eq!(rows, [(1, "constant", vec![]), (y.id(), "Plus", vec![1])]);
    }
}
