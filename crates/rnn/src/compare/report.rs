//! What a comparison found, and its verdict.

use super::{Cause, Difference};
use ndarray::ArrayViewD;

/// What became of one array of the left side and its partner.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Both are there and of one shape.
    Compared(Difference),
    /// Both are there; the shapes, or the lengths of the sequences, are not the same.
    ShapesDiffer {
        /// On the left.
        left: Vec<usize>,
        /// On the right.
        right: Vec<usize>,
    },
    /// Only the right side has it.
    MissingLeft,
    /// Only the left side has it.
    MissingRight,
}

impl Finding {
    pub(super) fn of(left: &ArrayViewD<'_, f64>, right: &ArrayViewD<'_, f64>) -> Self {
        Difference::between(left, right).map_or_else(
            || Self::ShapesDiffer { left: left.shape().to_vec(), right: right.shape().to_vec() },
            Self::Compared,
        )
    }

    /// The relative error, infinite if there was nothing to compare.
    pub fn relative(&self) -> f64 {
        match self {
            Self::Compared(difference) => difference.relative,
            _ => f64::INFINITY,
        }
    }

    /// Why there was nothing to compare, or the worst entry.
    pub(super) fn remark(&self) -> String {
        match self {
            Self::Compared(difference) => {
                difference.worst.as_ref().map_or_else(String::new, |worst| {
                    format!("{:?}: {} | {}", worst.index, worst.left, worst.right)
                })
            }
            Self::ShapesDiffer { left, right } => format!("shape {left:?} against {right:?}"),
            Self::MissingLeft => "missing on the left".to_owned(),
            Self::MissingRight => "missing on the right".to_owned(),
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The name both sides call it by.
    pub name: String,
    /// Its time step, if it stands in a sequence.
    pub step: Option<usize>,
    /// What was found.
    pub finding: Finding,
}

impl Row {
    /// `w`, or `da at t = 3`.
    pub(super) fn place(&self) -> String {
        match self.step {
            Some(t) => format!("{} at t = {t}", self.name),
            None => self.name.clone(),
        }
    }
}

/// What is held to be the reason of some differences.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// The cause; `None` for arrays that no known cause explains.
    pub cause: Option<Cause>,
    /// The arrays that it explains.
    pub arrays: Vec<String>,
}

/// Every pair of arrays and how far apart they are.
///
/// Printed, it is a table of all rows and one line of verdict: `agree to …` when every
/// relative error is within the [tolerance](Self::with_tolerance), otherwise `part at …`; under it, after an
/// [`Inquiry`](super::Inquiry), the likely causes.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// In the order of the left side, what only the right side has at the end.
    pub rows: Vec<Row>,
    /// The likely causes, if they were inquired into: a charge for each cause, and one for what has none.
    pub charges: Vec<Charge>,
    tolerance: f64,
}

impl Report {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        Self { rows, charges: Vec::new(), tolerance: 1e-12 }
    }

    /// The relative error up to which the printed verdict says `agree`; 1e-12 unless set.
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    pub(super) fn with_rows(mut self, rows: Vec<Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    pub(super) fn with_charges(self, charges: Vec<Charge>) -> Self {
        Self { charges, ..self }
    }

    pub(super) fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// The cause, if one and the same explains every array that differs.
    pub fn cause(&self) -> Option<&Cause> {
        match self.charges.as_slice() {
            [Charge { cause: Some(cause), .. }] => Some(cause),
            _ => None,
        }
    }

    /// Whether both sides have the same names and shapes, and no relative error is above
    /// `tolerance`, each relative to the largest entry of its own array.
    pub fn agrees_within(&self, tolerance: f64) -> bool {
        self.rows.iter().all(|row| row.finding.relative() <= tolerance)
    }

    /// The largest relative error; infinite if something could not be compared, 0 if nothing
    /// was to be.
    pub fn relative(&self) -> f64 {
        self.rows.iter().map(|row| row.finding.relative()).fold(0.0, f64::max)
    }

    /// The row with the largest relative error above `tolerance`, the first of several.
    pub fn worst(&self, tolerance: f64) -> Option<&Row> {
        let apart = self.rows.iter().filter(|row| row.finding.relative() > tolerance);
        apart.reduce(
            |worst, row| {
                if row.finding.relative() > worst.finding.relative() { row } else { worst }
            },
        )
    }

    /// The first row above `tolerance` on the way back: of the latest step that has one.
    pub fn first_apart(&self, tolerance: f64) -> Option<&Row> {
        let steps = self.rows.iter().filter(|row| row.step.is_some());
        let apart = steps.filter(|row| row.finding.relative() > tolerance);
        apart.reduce(|latest, row| if row.step > latest.step { row } else { latest })
    }

    pub(super) fn verdict(&self) -> String {
        let Some(worst) = self.worst(self.tolerance) else {
            return format!("agree to {:.1e}", self.relative());
        };
        let mut verdict = match &worst.finding {
            Finding::Compared(Difference { relative, worst: Some(entry), .. }) => {
                let (index, left, right) = (&entry.index, entry.left, entry.right);
                let place = format!("{}{index:?}", worst.name);
                let place = Row { name: place, ..worst.clone() }.place();
                format!("part at {place}: {left} against {right}, relative {relative:.1e}")
            }
            finding => format!("part at {}: {}", worst.place(), finding.remark()),
        };
        if let Some(first) = self.first_apart(self.tolerance) {
            verdict += &format!("; on the way back first at {}", first.place());
        }
        verdict
    }
}
