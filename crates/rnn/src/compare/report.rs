//! What a comparison found, as a table with a verdict under it.

use super::Difference;
use ndarray::ArrayViewD;
use std::fmt::{self, Display, Formatter};

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
    fn place(&self) -> String {
        match self.step {
            Some(t) => format!("{} at t = {t}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Every pair of arrays and how far apart they are.
///
/// Printed, it is a table of all rows and one line of verdict: `agree to …` when every
/// relative error is within the [tolerance](Self::with_tolerance), otherwise `part at …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// In the order of the left side, what only the right side has at the end.
    pub rows: Vec<Row>,
    tolerance: f64,
}

impl Report {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        Self { rows, tolerance: 1e-12 }
    }

    /// The relative error up to which the printed verdict says `agree`; 1e-12 unless set.
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
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

    fn verdict(&self) -> String {
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
            finding => format!("part at {}: {}", worst.place(), Cells::of(finding).remark),
        };
        if let Some(first) = self.first_apart(self.tolerance) {
            verdict += &format!("; on the way back first at {}", first.place());
        }
        verdict
    }
}

/// A row's finding as the table shows it.
struct Cells {
    figures: [String; 5],
    remark: String,
}

impl Cells {
    const TITLES: [&str; 5] = ["absolute", "relative", "ulps", "cosine", "flips"];

    fn of(finding: &Finding) -> Self {
        let none = || Self::TITLES.map(|_| "–".to_owned());
        match finding {
            Finding::Compared(difference) => {
                let worst = difference.worst.as_ref();
                let ulps = worst.map_or(0, |worst| worst.ulps);
                let figures = [
                    format!("{:.1e}", difference.absolute),
                    format!("{:.1e}", difference.relative),
                    if ulps < 1_000_000 {
                        ulps.to_string()
                    } else {
                        format!("{:.0e}", ulps as f64)
                    },
                    format!("{:.6}", difference.cosine),
                    difference.sign_flips.to_string(),
                ];
                let remark = worst.map_or_else(String::new, |worst| {
                    format!("{:?}: {} | {}", worst.index, worst.left, worst.right)
                });
                Self { figures, remark }
            }
            Finding::ShapesDiffer { left, right } => {
                Self { figures: none(), remark: format!("shape {left:?} against {right:?}") }
            }
            Finding::MissingLeft => {
                Self { figures: none(), remark: "missing on the left".to_owned() }
            }
            Finding::MissingRight => {
                Self { figures: none(), remark: "missing on the right".to_owned() }
            }
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.rows.iter().map(Row::place).collect();
        let cells: Vec<Cells> = self.rows.iter().map(|row| Cells::of(&row.finding)).collect();
        let longest = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        };
        let first = longest(&mut places.iter().map(String::as_str));
        let widths: [usize; 5] = std::array::from_fn(|i| {
            let figures = cells.iter().map(|cells| cells.figures[i].as_str());
            longest(&mut figures.chain([Cells::TITLES[i]]))
        });
        let mut line = |place: &str, figures: [&str; 5], remark: &str| {
            let mut text = format!("{place:first$}");
            for (figure, width) in figures.iter().zip(widths) {
                text += &format!("  {figure:>width$}");
            }
            writeln!(f, "{}", format!("{text}  {remark}").trim_end())
        };
        if !self.rows.is_empty() {
            line("", Cells::TITLES, "worst: left | right")?;
        }
        for (place, cells) in places.iter().zip(&cells) {
            line(place, cells.figures.each_ref().map(String::as_str), &cells.remark)?;
        }
        write!(f, "{}", self.verdict())
    }
}
