//! How a step stretches what passes through it.
//!
//! ```text
//! Jₜ = ∂sₜ/∂sₜ₋₁   [N, N]             one step
//! Jₜ Jₜ₋₁ … Jₛ₊₁ = ∂sₜ/∂sₛ            from the state at s to the state at t
//! ```
//!
//! N is the number of entries of one row's state, all parts together. The singular values of the product decide
//! what becomes of an adjoint. For `hₜ = f(aₜ)` with slopes at most `γ` (1 for tanh, ¼ for σ), `‖U‖₂ < 1/γ` is enough for it to vanish;
//! `‖U‖₂ > 1/γ` is needed for it to explode, and not enough. (Pascanu, Mikolov & Bengio, 2013, section 2.1)

use crate::{Cell, Input, ParamStore, State, spectral, unroll::step};
use ndarray::{Array2, Array3, ArrayD, Axis, IxDyn, s};
use tape::Tape;

/// `J₁ … J_T`, each `[B, N, N]`, of which entry `[b, i, j]` is `∂sₜ[i]/∂sₜ₋₁[j]` of row b: by N sweeps for a step.
///
/// `xs` is `[T, B, X]`, and `start` has the parts of `s₀`, each `[B, width]`.
///
/// # Panics
/// When the shapes do not fit.
#[track_caller]
pub fn jacobians<C: Cell<f64>>(
    cell: &C,
    store: &ParamStore<f64>,
    xs: &Array3<f64>,
    start: &[ArrayD<f64>],
) -> Vec<Array3<f64>> {
    let widths = cell.widths();
    let n: usize = widths.iter().sum();
    let mut tape = Tape::new();
    let mut values = start.to_vec();
    let mut all = Vec::with_capacity(xs.len_of(Axis(0)));
    for (t, x) in xs.axis_iter(Axis(0)).enumerate() {
        tape.clear();
        let p = store.bind(&tape).at(t);
        let mut given = values.iter();
        let before: C::State<'_> = State::build(&mut || {
            tape.leaf(given.next().unwrap_or_else(|| missing(&widths, start)))
        });
        let x = Input::Dense(tape.constant(x.insert_axis(Axis(0))));
        let after = cell.step(p, step(cell.project(p, x), 0), before);
        let (before, after) = (before.parts(), after.parts());
        let batch = after[0].shape()[0];
        let mut jacobian = Array3::zeros((batch, n, n));
        let mut i = 0;
        for (part, &width) in after.iter().zip(&widths) {
            for column in 0..width {
                // A one in this column of every row: rows know nothing of each other.
                let mut seed = ArrayD::zeros(IxDyn(&[batch, width]));
                seed.index_axis_mut(Axis(1), column).fill(1.0);
                let gradients = tape.backward_from(&[(*part, &seed)]);
                let mut j = 0;
                for (part, &width) in before.iter().zip(&widths) {
                    let mut block = jacobian.slice_mut(s![.., i, j..j + width]);
                    block.assign(&gradients[*part]);
                    j += width;
                }
                i += 1;
            }
        }
        values = after.iter().map(|part| part.value()).collect();
        all.push(jacobian);
    }
    all
}

#[track_caller]
fn missing(widths: &[usize], start: &[ArrayD<f64>]) -> ! {
    panic!(
        "a start of {} parts for a state of widths {widths:?}: give each part an array",
        start.len()
    )
}

/// A product of Jacobians, back from the last step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Product {
    /// How many steps it spans.
    pub lag: usize,
    /// `‖J_T … J_{T−lag+1}‖₂`: the most that it stretches an adjoint.
    pub norm: f64,
    /// Its spectral radius.
    pub radius: f64,
}

/// The products `J_T`, `J_T J_{T−1}`, … of one row's Jacobians.
///
/// # Panics
/// When they are not square and of one size.
#[track_caller]
pub fn products(jacobians: &[Array2<f64>]) -> Vec<Product> {
    let mut product: Option<Array2<f64>> = None;
    let mut measured = Vec::with_capacity(jacobians.len());
    for (lag, jacobian) in (1..).zip(jacobians.iter().rev()) {
        let next = product.map_or_else(|| jacobian.clone(), |product| product.dot(jacobian));
        measured.push(Product {
            lag,
            norm: spectral::norm(&next),
            radius: spectral::radius(&next),
        });
        product = Some(next);
    }
    measured
}
