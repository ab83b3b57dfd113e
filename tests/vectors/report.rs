//! What a replay found: counts, the worst error, and every failure.

use crate::archive::Archive;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Why a case was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip(pub(crate) String);

impl Skip {
    pub(crate) fn because<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self(why.into()))
    }
}

/// The outcome of one file.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) passed: usize,
    /// The largest error met, as a part of the scale that its tensor is judged on.
    pub(crate) worst: f64,
    /// How many cases also had the Hessian's product compared, and the largest error of these.
    pub(crate) hessians: (usize, f64),
    /// Op and reason, with the number of cases.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// References that are wrong, and what they were replaced by, with the number of tensors.
    pub(crate) corrected: BTreeMap<&'static str, usize>,
    /// Case, and what was wrong with it.
    pub(crate) failures: Vec<(String, String)>,
}

impl Report {
    /// Judges every case of a collection, none of which is skipped: its worst error, or what failed.
    pub(crate) fn of(
        archive: &Archive,
        mut judge: impl FnMut(&Value, &mut Self) -> Result<f64, String>,
    ) -> Self {
        let mut report = Self { name: archive.name.clone(), ..Self::default() };
        for case in archive.manifest["cases"].as_array().unwrap() {
            let key = case["key"].as_str().or(case["name"].as_str()).unwrap();
            report.guard(key, "", |report| Ok(judge(case, report)));
        }
        report
    }

    /// Enters the outcome of one case; a panic is a failure.
    pub(crate) fn guard(
        &mut self,
        key: &str,
        op: &str,
        judge: impl FnOnce(&mut Self) -> Result<Result<f64, String>, Skip>,
    ) {
        let outcome = catch_unwind(AssertUnwindSafe(|| judge(self)));
        let outcome = outcome.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Ok(Err(format!("panicked: {}", text.unwrap_or_default())))
        });
        self.enter(key, op, outcome);
    }

    /// Enters the worst error of a case's product with the Hessian.
    pub(crate) fn enter_hessian(&mut self, error: f64) {
        self.hessians = (self.hessians.0 + 1, self.hessians.1.max(error));
    }

    /// Enters the outcome of one case: the worst error, or what failed, or why it was skipped.
    pub(crate) fn enter(
        &mut self,
        key: &str,
        op: &str,
        outcome: Result<Result<f64, String>, Skip>,
    ) {
        match outcome {
            Ok(Ok(error)) => {
                self.passed += 1;
                self.worst = self.worst.max(error);
            }
            Ok(Err(failure)) => self.failures.push((key.into(), failure)),
            Err(Skip(why)) => *self.skipped.entry(format!("{op}: {why}")).or_default() += 1,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, passed, worst, hessians, skipped, corrected, failures } = self;
        let count: usize = skipped.values().sum();
        let all = passed + failures.len() + count;
        write!(
            f,
            "{name}: passed {passed} of {all} (worst relative error {worst:.1e}), skipped {count}"
        )?;
        let mut mark = ": ";
        for (why, count) in skipped {
            write!(f, "{mark}{why} ({count})")?;
            mark = "; ";
        }
        if hessians.0 > 0 {
            let (count, worst) = hessians;
            write!(f, "\n    products with the Hessian: {count} (worst {worst:.1e})")?;
        }
        for (what, count) in corrected {
            write!(f, "\n    held against a corrected reference ({count}): {what}")?;
        }
        for (key, failure) in failures {
            write!(f, "\n    {key}: {failure}")?;
        }
        Ok(())
    }
}
