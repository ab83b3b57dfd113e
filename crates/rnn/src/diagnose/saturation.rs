//! Gates that are stuck open or shut.
//!
//! A squash is flat near its limits: what stands there passes no adjoint to what it is made of. A gate in the middle
//! is a valve; at its limits it is a wire or a wall. (Karpathy, Johnson & Fei-Fei, 2015, plot both shares for every
//! gate of an LSTM.)

use crate::{Bound, Cell, Input, State, unroll::step};
use tape::{Real, Var};

/// How much of one gate, or of the output, stands near the limits of its squash, over all steps, rows and units.
#[derive(Debug, Clone, PartialEq)]
pub struct Saturation {
    /// The name under which the cell shows it, or `h`.
    pub name: &'static str,
    /// The limits `(low, high)`.
    pub limits: (f64, f64),
    /// The share of entries in the lowest part of the range.
    pub low: f64,
    /// The share of entries in the highest part of the range.
    pub high: f64,
    /// How many entries there were.
    pub entries: usize,
}

/// What stands between which limits by custom: the gates `i, f, o, r, z` between 0 and 1, the candidates `g, n` and
/// the output `h` between −1 and 1, and nothing else between any.
pub fn customary(name: &str) -> Option<(f64, f64)> {
    match name {
        "i" | "f" | "o" | "r" | "z" => Some((0.0, 1.0)),
        "g" | "n" | "h" => Some((-1.0, 1.0)),
        _ => None,
    }
}

/// Runs the cell over `xs` `[T, B, X]` from `start` by [`step_in_parts`](Cell::step_in_parts), and counts what of each gate that
/// `limits` knows (and of the output, called `h`) lies within `margin` of its range from either limit: 0.1 is usual.
///
/// # Panics
/// When the shapes do not fit.
#[track_caller]
pub fn saturation<'t, T: Real, C: Cell<T>>(
    cell: &C,
    p: Bound<'t, '_, T>,
    xs: &Input<'t, '_, T>,
    start: C::State<'t>,
    margin: f64,
    limits: impl Fn(&str) -> Option<(f64, f64)>,
) -> Vec<Saturation> {
    let mut counts: Vec<(Saturation, [usize; 2])> = Vec::new();
    let mut count = |name: &'static str, var: Var<'t, T>| {
        let Some(limits) = limits(name) else { return };
        let at = counts.iter().position(|(gate, _)| gate.name == name).unwrap_or_else(|| {
            let gate = Saturation { name, limits, low: 0.0, high: 0.0, entries: 0 };
            counts.push((gate, [0; 2]));
            counts.len() - 1
        });
        let (gate, [low, high]) = &mut counts[at];
        let room = margin * (limits.1 - limits.0);
        var.with(|view| {
            for x in view.iter().map(|x| x.primal()) {
                *low += usize::from(x < limits.0 + room);
                *high += usize::from(x > limits.1 - room);
            }
            gate.entries += view.len();
        });
    };
    let mut state = start;
    for t in 0..xs.lead()[0] {
        let p = p.at(p.time() + t);
        let x = step(cell.project(p, xs.steps(t..t + 1)), 0);
        state = cell.step_in_parts(p, x, state, &mut count);
        count("h", state.output());
    }
    let share = |(gate, [low, high]): (Saturation, [usize; 2])| {
        let of = |n| n as f64 / gate.entries.max(1) as f64;
        Saturation { low: of(low), high: of(high), ..gate }
    };
    counts.into_iter().map(share).collect()
}
