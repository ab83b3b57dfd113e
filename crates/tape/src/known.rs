//! Values and slopes that are known by other means, against which the tests of the ops hold them.

use crate::{Binary, Elementwise};

#[track_caller]
fn close(what: &str, at: &[f64], got: f64, want: f64) {
    let same = got == want || got.is_nan() && want.is_nan();
    let near = want.is_finite() && (got - want).abs() <= 1e-14 * want.abs();
    assert!(same || near, "{what} at {at:?}: {got:e}, but it is {want:e}");
}

/// Rows of `x`, `f(x)` and `f′(x)`.
#[track_caller]
pub(crate) fn slopes(op: impl Elementwise<f64>, rows: &[(f64, f64, f64)]) {
    for &(x, y, slope) in rows {
        close("the value", &[x], op.f(x), y);
        close("the slope", &[x], op.df(x, op.f(x)), slope);
    }
}

/// `(a, b)`, `f(a, b)` and `(∂f/∂a, ∂f/∂b)`.
type Row = ((f64, f64), f64, (f64, f64));

/// The same for two operands.
#[track_caller]
pub(crate) fn partials(op: impl Binary<f64>, rows: &[Row]) {
    for &((a, b), y, (da, db)) in rows {
        let got = op.f(a, b);
        close("the value", &[a, b], got, y);
        close("the slope of the first", &[a, b], op.da(a, b, got, 1.0), da);
        close("the slope of the second", &[a, b], op.db(a, b, got, 1.0), db);
    }
}
