//! Two gradients held side by side, where they part, and why.
//!
//! Any two collections of named arrays can be compared: the tape's against
//! [`by_hand`](crate::by_hand), one truncation against another, f32 against f64, finite [`differences`], numbers
//! from a file ([`read`]). What is missing on one side or of another shape is reported like any other finding.
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
//!
//! An [`Inquiry`] goes on from where to why, and names the likely [`Cause`]. A report is text when printed, and
//! [JSON](Report::to_json) or a [picture](Report::to_svg) when asked.

mod blocks;
mod cause;
mod difference;
mod differences;
mod file;
mod inquiry;
mod json;
mod report;
mod structure;
pub mod suspects;
mod table;

pub use cause::Cause;
pub use difference::{Difference, Worst, ulps};
pub use differences::differences;
pub use file::read;
pub use inquiry::Inquiry;
pub use report::{Charge, Finding, Report, Row};
pub use suspects::{Suspect, named};

use ndarray::{ArrayD, ArrayViewD};

/// Arrays under their names, in some order.
pub type Named = Vec<(String, ArrayD<f64>)>;

/// [`Named`] arrays as [`compare`] takes them.
pub fn views(named: &[(String, ArrayD<f64>)]) -> impl Iterator<Item = (&str, ArrayViewD<'_, f64>)> {
    named.iter().map(|(name, array)| (name.as_str(), array.view()))
}

/// Compare two sets of named arrays, the rows in the order of the left one. Names are taken
/// to be unique on a side; of two with one name the second finds no partner.
pub fn compare<'a, A: AsRef<str>, B: AsRef<str>>(
    left: impl IntoIterator<Item = (A, ArrayViewD<'a, f64>)>,
    right: impl IntoIterator<Item = (B, ArrayViewD<'a, f64>)>,
) -> Report {
    let row = |name: &str, finding| Row { name: name.to_owned(), step: None, finding };
    Report::new(rows(left, right, |name, a, b| vec![row(name, Finding::of(&a, &b))]))
}

impl Report {
    /// Compare two sets of named sequences as well, whose arrays stand in the order of time,
    /// the first at step `from`.
    #[must_use]
    pub fn with_sequences<'a, A: AsRef<str>, B: AsRef<str>>(
        self,
        from: usize,
        left: impl IntoIterator<Item = (A, Vec<ArrayViewD<'a, f64>>)>,
        right: impl IntoIterator<Item = (B, Vec<ArrayViewD<'a, f64>>)>,
    ) -> Self {
        self.with_rows(rows(left, right, |name, a: Vec<_>, b: Vec<_>| steps(name, from, &a, &b)))
    }
}

/// A row for each step.
fn steps(
    name: &str,
    from: usize,
    left: &[ArrayViewD<'_, f64>],
    right: &[ArrayViewD<'_, f64>],
) -> Vec<Row> {
    let row = |step, finding| Row { name: name.to_owned(), step, finding };
    if left.len() != right.len() {
        let (left, right) = (vec![left.len()], vec![right.len()]);
        return vec![row(None, Finding::ShapesDiffer { left, right })];
    }
    let pairs = left.iter().zip(right).zip(from..);
    pairs.map(|((a, b), t)| row(Some(t), Finding::of(a, b))).collect()
}

/// Pair the two sides by name.
fn rows<T, A: AsRef<str>, B: AsRef<str>>(
    left: impl IntoIterator<Item = (A, T)>,
    right: impl IntoIterator<Item = (B, T)>,
    mut held_together: impl FnMut(&str, T, T) -> Vec<Row>,
) -> Vec<Row> {
    let alone = |name: &str, finding| Row { name: name.to_owned(), step: None, finding };
    let mut right: Vec<_> = right.into_iter().collect();
    let mut rows = Vec::new();
    for (name, a) in left {
        let name = name.as_ref();
        match right.iter().position(|(other, _)| other.as_ref() == name) {
            Some(i) => rows.extend(held_together(name, a, right.remove(i).1)),
            None => rows.push(alone(name, Finding::MissingRight)),
        }
    }
    rows.extend(right.iter().map(|(name, _)| alone(name.as_ref(), Finding::MissingLeft)));
    rows
}
