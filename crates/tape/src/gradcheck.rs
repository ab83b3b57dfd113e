//! Is this adjoint right? Ask central differences.
//!
//! ```text
//! ∂/∂xₖ ⟨c, f(x)⟩ ≈ (⟨c, f(x + h eₖ)⟩ − ⟨c, f(x − h eₖ)⟩) / 2h,    h = ∛ε · max(1, |xₖ|)
//! ```
//!
//! with a cotangent `c` that has no symmetry. The answer is a [`Report`], not a yes or no: where the two part,
//! it says for which input and element, and by how much.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Shape, Tape, Var, error::or_panic};
use ndarray::ArrayD;
use std::fmt;

/// One derivative, computed twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which input, counted from 0.
    pub input: usize,
    /// Which of its elements.
    pub index: Vec<usize>,
    /// The derivative that the sweep found.
    pub analytic: f64,
    /// The same by central differences.
    pub numeric: f64,
    /// `|analytic − numeric| / max(1, |numeric|)`
    pub error: f64,
}

/// All derivatives of a function at a point, analytic and numeric side by side.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was checked.
    pub name: String,
    /// Every element of every input.
    pub entries: Vec<Entry>,
    /// The largest [`Entry::error`] that passes.
    pub tolerance: f64,
}

impl Report {
    /// The entry with the largest error, NaN above all.
    pub fn worst(&self) -> Option<&Entry> {
        let rank = |e: &Entry| if e.error.is_nan() { f64::INFINITY } else { e.error };
        self.entries.iter().max_by(|a, b| rank(a).total_cmp(&rank(b)))
    }

    /// Does every entry stay within the tolerance?
    pub fn passed(&self) -> bool {
        self.entries.iter().all(|entry| entry.error <= self.tolerance)
    }

    /// # Panics
    /// With the report itself, unless every entry stays within the tolerance.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.entries.iter().filter(|e| e.error.is_nan() || e.error > self.tolerance);
        writeln!(
            f,
            "{}: {} of {} derivatives differ from central differences by more than {:e}",
            self.name,
            failed.clone().count(),
            self.entries.len(),
            self.tolerance
        )?;
        for e in failed.take(10) {
            let Entry { input, index, analytic, numeric, error } = e;
            writeln!(
                f,
                "  input {input} {index:?}: analytic {analytic:.9e}, numeric {numeric:.9e}, error {error:.1e}"
            )?;
        }
        match self.worst() {
            Some(e) => write!(f, "  worst: input {} {:?}, error {:.1e}", e.input, e.index, e.error),
            None => write!(f, "  nothing to check"),
        }
    }
}

/// Checks an op at `x`, every element of every input: with all of them at hand on the way back, and without those that it
/// says it does not [read](Op::reads).
pub fn op<O: Op<f64> + Clone>(op: O, x: &[ArrayD<f64>]) -> Report {
    let name = op.name();
    let mut report = function(|tape, vars| tape.apply(op.clone(), vars), x);
    report.name = name.into();
    if report.passed() {
        for (entry, analytic) in report.entries.iter_mut().zip(without_unread(op, x)) {
            entry.analytic = analytic;
            entry.error = error(analytic, entry.numeric);
        }
    }
    report
}

/// The derivatives, in the order of the inputs' elements, when all inputs have been let go that the op lets go of.
fn without_unread(op: impl Op<f64>, x: &[ArrayD<f64>]) -> Vec<f64> {
    let tape = Tape::new();
    let leaves: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
    let aside = |&leaf| or_panic(tape.try_apply_aside(Copied, &[leaf], &[], 0));
    let copies: Vec<_> = leaves.iter().map(aside).collect();
    // A view goes with what it is a view of.
    let y = tape.apply(op, &copies).apply(Copied);
    copies.iter().for_each(|&copy| tape.let_go(copy));
    let gradients = tape.backward_from(&[(y, &without_symmetry(&y.shape()))]);
    leaves.iter().flat_map(|&leaf| gradients[leaf].iter().copied()).collect()
}

/// `y = x`, in other memory.
#[derive(Debug)]
struct Copied;

impl Op<f64> for Copied {
    fn shape(&self, x: Inputs<'_, f64>) -> Result<Shape, Misfit> {
        Ok(x.shape(0).into())
    }
    fn forward(&self, x: Inputs<'_, f64>, y: &mut [f64], _: &mut [f64]) {
        y.copy_from_slice(&x[0]);
    }
    fn backward(
        &self,
        _: usize,
        _: Inputs<'_, f64>,
        _: Output<'_, f64>,
        dy: &[f64],
        dx: Adjoint<'_, f64>,
    ) {
        dx.add(dy.iter().copied());
    }
    fn reads(&self, _: usize, _: Inputs<'_, f64>) -> bool {
        false
    }
    fn reads_output(&self) -> bool {
        false
    }
}

/// Checks a function at `x`, every element of every input. Its output may have any shape.
pub fn function<F>(f: F, x: &[ArrayD<f64>]) -> Report
where
    F: for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>,
{
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
    let y = f(&tape, &vars);
    let cotangent = without_symmetry(&y.shape());
    let gradients = tape.backward_from(&[(y, &cotangent)]);
    let at = |x: &[ArrayD<f64>]| {
        let tape = Tape::new();
        let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
        (f(&tape, &vars).value() * &cotangent).sum()
    };
    let mut entries = Vec::new();
    let mut moved = x.to_vec();
    for (input, &var) in vars.iter().enumerate() {
        for (index, &here) in x[input].indexed_iter() {
            let h = f64::EPSILON.cbrt() * here.abs().max(1.0);
            let mut side = |x: f64| {
                moved[input][&index] = x;
                at(&moved)
            };
            let numeric = (side(here + h) - side(here - h)) / ((here + h) - (here - h));
            side(here);
            let analytic = gradients[var][&index];
            let error = error(analytic, numeric);
            let index = ndarray::Dimension::slice(&index).to_vec();
            entries.push(Entry { input, index, analytic, numeric, error });
        }
    }
    Report { name: "function".into(), entries, tolerance: 1e-8 }
}

/// [`Entry::error`]
fn error(analytic: f64, numeric: f64) -> f64 {
    (analytic - numeric).abs() / numeric.abs().max(1.0)
}

/// A cotangent that no wrong rule is likely to be orthogonal to.
fn without_symmetry(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(shape, || {
        k += 1.0;
        f64::sin(1.0 + 1.7 * k) + 0.1
    })
}
