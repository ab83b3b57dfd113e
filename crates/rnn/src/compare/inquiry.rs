//! Who did it: a comparison that looks for the cause of what it finds.

use super::{Cause, Charge, Finding, Report, Row, Suspect, difference::Difference, structure};
use ndarray::{ArrayD, ArrayViewD};

/// A comparison that looks for the cause of what it finds.
///
/// The right side is taken to be the truth. Wherever the left one differs from it, it is held against everything that
/// typical mistakes would have made of the truth: what can be made from the right array itself (a transpose, a
/// multiple, two gates exchanged), and the [`Suspect`]s, wrong gradients made on purpose. A cause is named
/// when it explains the array at least a thousand times better than the truth does; of several suspects the one that
/// explains the most arrays, and of those the closest.
///
/// ```
/// use ndarray::array;
/// use rnn::compare::Inquiry;
///
/// let right = array![[1.0, 2.0], [3.0, 4.0]].into_dyn();
/// let wrong = right.t().to_owned();
/// let report = Inquiry::new().compare([("u", wrong.view())], [("u", right.view())]);
/// assert!(report.to_string().ends_with("likely cause: transposed (u)"));
/// ```
#[derive(Debug, Clone)]
pub struct Inquiry {
    tolerance: f64,
    gates: Vec<String>,
    gated: Vec<String>,
    lengths: Vec<(String, f64)>,
    suspects: Vec<Suspect>,
}

impl Default for Inquiry {
    fn default() -> Self {
        Self::new()
    }
}

/// An array that is not the right one.
#[derive(Debug)]
pub(super) struct Apart<'a> {
    name: String,
    pub(super) wrong: ArrayViewD<'a, f64>,
    pub(super) right: ArrayViewD<'a, f64>,
    /// How close an explanation must come.
    pub(super) tolerance: f64,
}

impl Apart<'_> {
    /// Is `candidate` what the wrong array is?
    pub(super) fn is(&self, candidate: &ArrayD<f64>) -> bool {
        self.distance(candidate) <= self.tolerance
    }

    /// How close a suspect's array comes, if it is close enough to explain this one.
    fn distance_to(&self, suspect: &Suspect) -> Option<f64> {
        let distance = self.distance(suspect.array(&self.name)?);
        (distance <= self.tolerance).then_some(distance)
    }

    fn distance(&self, candidate: &ArrayD<f64>) -> f64 {
        let difference = Difference::between(&self.wrong, &candidate.view());
        difference.map_or(f64::INFINITY, |difference| difference.relative)
    }
}

impl Inquiry {
    /// Knows no gates, no lengths and no suspects, and holds for equal what agrees to 1e-12.
    pub fn new() -> Self {
        Self { tolerance: 1e-12, gates: vec![], gated: vec![], lengths: vec![], suspects: vec![] }
    }

    /// The relative error up to which two arrays agree.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// The gates whose blocks stand side by side on the last axis `[.., G·H]` of the arrays of these names. Each such array
    /// is then reported block by block as well, as `u[i]`, `u[f]`, …
    #[must_use]
    pub fn with_gates(self, arrays: &[&str], gates: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { gates: owned(gates), gated: owned(arrays), ..self }
    }

    /// T and B, by which gradients are multiplied or divided where a sum was meant as a mean.
    #[must_use]
    pub fn with_lengths(self, steps: usize, batch: usize) -> Self {
        let lengths = [("T", steps), ("B", batch)].map(|(name, n)| (name.to_owned(), n as f64));
        Self { lengths: lengths.to_vec(), ..self }
    }

    /// Gradients that are wrong in a known way.
    #[must_use]
    pub fn with_suspects(mut self, suspects: impl IntoIterator<Item = Suspect>) -> Self {
        self.suspects.extend(suspects);
        self
    }

    /// Compares like [`compare`](super::compare), and looks for the causes.
    pub fn compare<'a, A: AsRef<str>, B: AsRef<str>>(
        &self,
        left: impl IntoIterator<Item = (A, ArrayViewD<'a, f64>)>,
        right: impl IntoIterator<Item = (B, ArrayViewD<'a, f64>)>,
    ) -> Report {
        let mut apart = Vec::new();
        let rows = super::rows(left, right, |name, a, b| {
            let finding = Finding::of(&a, &b);
            let relative = finding.relative();
            let whole = Row { name: name.to_owned(), step: None, finding };
            let blocks = super::blocks::rows(name, self.gates_of(name, a.shape()), &a, &b);
            if relative > self.tolerance {
                let better = if relative.is_finite() { 1e-3 * relative } else { f64::MAX };
                let tolerance = self.tolerance.min(better);
                apart.push(Apart { name: name.to_owned(), wrong: a, right: b, tolerance });
            }
            std::iter::once(whole).chain(blocks).collect()
        });
        Report::new(rows).with_tolerance(self.tolerance).with_charges(self.charges(apart))
    }

    /// [`Report::with_sequences`], looking for causes that show in time.
    pub fn with_sequences<'a, A: AsRef<str>, B: AsRef<str>>(
        &self,
        report: Report,
        from: usize,
        left: impl IntoIterator<Item = (A, Vec<ArrayViewD<'a, f64>>)>,
        right: impl IntoIterator<Item = (B, Vec<ArrayViewD<'a, f64>>)>,
    ) -> Report {
        let mut charges = Charges(report.charges.clone());
        let same = |a: &ArrayViewD<'_, f64>, b: &ArrayViewD<'_, f64>| {
            Finding::of(a, b).relative() <= self.tolerance
        };
        let rows = super::rows(left, right, |name, a: Vec<_>, b: Vec<_>| {
            let rows = super::steps(name, from, &a, &b);
            if rows.iter().any(|row| row.finding.relative() > self.tolerance) {
                charges.add(structure::in_time(&a, &b, same), name);
            }
            rows
        });
        report.with_rows(rows).with_charges(charges.0)
    }

    /// First each array by itself, then the suspects: the one that explains the most of what is left is charged with it,
    /// and so on. Of two that explain as many the closer one is taken.
    fn charges(&self, mut apart: Vec<Apart<'_>>) -> Vec<Charge> {
        let mut charges = Charges::default();
        let factors = self.factors();
        apart.retain(|array| {
            let gates = self.gates_of(&array.name, array.right.shape());
            let cause = structure::suspicion(&factors, gates, array);
            let unsolved = cause.is_none();
            if cause.is_some() {
                charges.add(cause, &array.name);
            }
            unsolved
        });
        loop {
            let explained = |suspect: &Suspect| {
                let close = apart.iter().filter_map(|array| array.distance_to(suspect));
                close.fold((0, 0.0), |(n, sum), distance| (n + 1, sum + distance))
            };
            let judged = self.suspects.iter().map(|suspect| (suspect, explained(suspect)));
            let better = |best: &(usize, f64), next: &(usize, f64)| {
                next.0 > best.0 || (next.0 == best.0 && next.1 < best.1)
            };
            let best =
                judged.reduce(|best, next| if better(&best.1, &next.1) { next } else { best });
            let Some((suspect, (1.., _))) = best else { break };
            apart.retain(|array| {
                let explained = array.distance_to(suspect).is_some();
                if explained {
                    charges.add(Some(suspect.cause.clone()), &array.name);
                }
                !explained
            });
        }
        apart.iter().for_each(|array| charges.add(None, &array.name));
        charges.0
    }

    /// The gates of an array: none if it has none, or its last axis is no whole number of blocks for each.
    fn gates_of(&self, name: &str, shape: &[usize]) -> &[String] {
        let (n, gated) = (self.gates.len(), self.gated.iter().any(|known| known == name));
        match shape.last() {
            Some(&last) if gated && n > 0 && last > 0 && last.is_multiple_of(n) => &self.gates,
            _ => &[],
        }
    }

    /// Factors that have a name, all but 1.
    fn factors(&self) -> Vec<(String, f64)> {
        let mut all = vec![("2".to_owned(), 2.0), ("1/2".to_owned(), 0.5), ("−1".to_owned(), -1.0)];
        for (name, n) in &self.lengths {
            all.push((name.clone(), *n));
            all.push((format!("1/{name}"), 1.0 / n));
        }
        if let [(_, steps), (_, batch)] = self.lengths[..] {
            all.push(("T·B".into(), steps * batch));
            all.push(("1/(T·B)".into(), 1.0 / (steps * batch)));
        }
        all.retain(|(_, factor)| *factor != 1.0 && factor.is_finite() && *factor != 0.0);
        all
    }
}

/// What is charged so far: each cause with the arrays it explains.
#[derive(Default)]
struct Charges(Vec<Charge>);

impl Charges {
    fn add(&mut self, cause: Option<Cause>, name: &str) {
        match self.0.iter_mut().find(|charge| same(&charge.cause, &cause)) {
            Some(charge) => charge.arrays.push(name.to_owned()),
            None => self.0.push(Charge { cause, arrays: vec![name.to_owned()] }),
        }
    }
}

/// A factor found twice differs in its last digits.
fn same(a: &Option<Cause>, b: &Option<Cause>) -> bool {
    match (a, b) {
        (
            Some(Cause::Scaled { factor: a, readings }),
            Some(Cause::Scaled { factor: b, readings: other }),
        ) => readings == other && (a / b - 1.0).abs() < 1e-6,
        _ => a == b,
    }
}
