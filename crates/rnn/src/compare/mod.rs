//! Two gradients held side by side, and where they part.
//!
//! Any two collections of named arrays can be compared: the tape's against
//! [`by_hand`](crate::by_hand), one truncation against another, f32 against f64. What is
//! missing on one side or of another shape is reported like any other finding.
//!
//! ```
//! use ndarray::array;
//! use rnn::compare::compare;
//!
//! let (a, b) = (array![1.0, 2.0].into_dyn(), array![1.0, 2.5].into_dyn());
//! let report = compare([("w", a.view())], [("w", b.view())]);
//! assert!(!report.agrees_within(0.1));
//! assert!(report.to_string().ends_with("part at w[1]: 2 against 2.5, relative 2.0e-1"));
//! ```
//!
//! When sequences are added, such as every δₜ, the report also says where the two first part
//! as the backward pass meets them, from the last step to the first. That step is the place
//! to look: everything before it in time only inherits the error.

mod difference;
mod report;

pub use difference::{Difference, Worst, ulps};
pub use report::{Finding, Report, Row};

use ndarray::ArrayViewD;

/// Compare two sets of named arrays, the rows in the order of the left one. Names are taken
/// to be unique on a side; of two with one name the second finds no partner.
pub fn compare<'a, A: AsRef<str>, B: AsRef<str>>(
    left: impl IntoIterator<Item = (A, ArrayViewD<'a, f64>)>,
    right: impl IntoIterator<Item = (B, ArrayViewD<'a, f64>)>,
) -> Report {
    Report::new(rows(left, right, |a, b| vec![(None, Finding::of(&a, &b))]))
}

impl Report {
    /// Compare two sets of named sequences as well, whose arrays stand in the order of time,
    /// the first at step `from`.
    pub fn with_sequences<'a, A: AsRef<str>, B: AsRef<str>>(
        mut self,
        from: usize,
        left: impl IntoIterator<Item = (A, Vec<ArrayViewD<'a, f64>>)>,
        right: impl IntoIterator<Item = (B, Vec<ArrayViewD<'a, f64>>)>,
    ) -> Self {
        self.rows.extend(rows(left, right, |a, b| {
            if a.len() != b.len() {
                let (left, right) = (vec![a.len()], vec![b.len()]);
                return vec![(None, Finding::ShapesDiffer { left, right })];
            }
            let steps = a.iter().zip(&b).enumerate();
            steps.map(|(i, (a, b))| (Some(from + i), Finding::of(a, b))).collect()
        }));
        self
    }
}

/// Pair the two sides by name.
fn rows<T, A: AsRef<str>, B: AsRef<str>>(
    left: impl IntoIterator<Item = (A, T)>,
    right: impl IntoIterator<Item = (B, T)>,
    held_together: impl Fn(T, T) -> Vec<(Option<usize>, Finding)>,
) -> Vec<Row> {
    let mut right: Vec<_> = right.into_iter().collect();
    let mut rows = Vec::new();
    for (name, a) in left {
        let name = name.as_ref();
        let partner = right.iter().position(|(other, _)| other.as_ref() == name);
        let findings = match partner {
            Some(i) => held_together(a, right.remove(i).1),
            None => vec![(None, Finding::MissingRight)],
        };
        let row = |(step, finding)| Row { name: name.to_owned(), step, finding };
        rows.extend(findings.into_iter().map(row));
    }
    rows.extend(right.into_iter().map(|(name, _)| Row {
        name: name.as_ref().to_owned(),
        step: None,
        finding: Finding::MissingLeft,
    }));
    rows
}
