//! Adjoints that keep their length from step to step.
//!
//! ```text
//! vₜ = daₜ Uᵀ                              what step t sends back to hₜ₋₁
//! Ω  = Σₜ ( ‖vₜ‖ / ‖δₜ‖ − 1 )²             (9)
//! Ω′ = Σₜ ( ‖vₜ‖² / ‖δₜ‖² − 1 )² / n       as in the authors' program; n counts the t with ‖δₜ‖² ≥ 10⁻²⁰
//! ```
//!
//! R. Pascanu, T. Mikolov and Y. Bengio, 2013, equations 9 and 10. Of its gradient only the immediate part is taken: `U` as it stands in
//! `vₜ`, with `δₜ = dL/dhₜ`, `daₜ = δₜ ⊙ f′(aₜ)` and the states held constant. So it is a second, small tape made of what the first sweep left, and
//! needs no derivative of a derivative.
//!
//! Norms are of rows; a batch has the mean of its rows. A row whose adjoint has vanished altogether (below the bound of
//! `Ω′`, in both forms) has no direction to keep, and counts as kept.

use ndarray::{ArrayD, Axis};
use tape::{Over, Real, Var};

/// Which of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OmegaForm {
    /// `Ω`, as printed.
    #[default]
    Paper,
    /// `Ω′`, as published in code. (The weight there is 2.)
    Code,
}

/// `Ω` as a function of `u` `[H, H]`: a number on `u`'s tape, to be scaled and swept from.
///
/// `deltas` are the `δₜ` and `das` the `daₜ` of the same steps, each `[B, H]`: watch what [`step_in_parts`](crate::Cell::step_in_parts) of an Elman cell
/// shows as `a`, or take them from [`by_hand`](crate::by_hand::elman::Adjoints).
///
/// ```
/// use ndarray::array;
/// use rnn::regularize::{OmegaForm, omega};
///
/// let tape = tape::Tape::<f64>::new();
/// let u = tape.leaf(array![[0.5, 0.0], [0.0, 0.5]]);
/// let da = array![[0.6, 0.8]].into_dyn();
/// let omega = omega(u, &[da.clone()], &[da], OmegaForm::Paper); // linear, so δ = da: halved at each step
/// assert!((omega.item() - 0.25).abs() < 1e-15);
/// assert!(tape.backward(omega)[u][[0, 0]] < 0.0); // let U grow
/// ```
///
/// # Panics
/// When the lists are not of one length, or an array does not fit `u`.
#[track_caller]
pub fn omega<'t, T: Real>(
    u: Var<'t, T>,
    deltas: &[ArrayD<T>],
    das: &[ArrayD<T>],
    form: OmegaForm,
) -> Var<'t, T> {
    assert!(
        deltas.len() == das.len(),
        "Ω of {} adjoints δ and {} adjoints da: give both for the same steps",
        deltas.len(),
        das.len()
    );
    let tape = u.tape();
    let mut sum = tape.constant(T::ZERO);
    let (mut rows, mut counted) = (0, 0);
    for (delta, da) in deltas.iter().zip(das) {
        for (delta, da) in delta.rows().into_iter().zip(da.rows()) {
            rows += 1;
            let square: T = delta.iter().map(|&d| d * d).sum();
            if square < T::of(1e-20) {
                continue;
            }
            counted += 1;
            let v = tape.constant(da.insert_axis(Axis(0))).matmul(u.transpose(0, 1));
            let ratio = match form {
                OmegaForm::Paper => v.norm(2.0, Over::all()) / square.sqrt(),
                OmegaForm::Code => v.square().sum() / square,
            };
            sum = sum + (ratio - T::ONE).square();
        }
    }
    let batch = rows / deltas.len().max(1);
    match form {
        OmegaForm::Paper => sum / T::of(batch.max(1) as f64),
        OmegaForm::Code => sum / T::of(counted.max(1) as f64),
    }
}
