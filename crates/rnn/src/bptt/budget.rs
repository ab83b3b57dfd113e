//! How much memory a backward pass may take, and what is made of it.

use super::schedule::forward_steps;
use crate::{Error, Result};
use std::fmt;

/// Memory that a backward pass may take: for the tape, for stored states and for the losses. The parameters, and what the
/// inputs are made from, are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    bytes: usize,
}

impl Budget {
    /// So many bytes.
    pub fn bytes(bytes: usize) -> Self {
        Self { bytes }
    }

    /// So many times 2²⁰ bytes.
    pub fn mebibytes(mebibytes: usize) -> Self {
        Self { bytes: mebibytes.saturating_mul(1 << 20) }
    }
}

/// What a backward pass will do, and what it will cost. See [`Checkpointed::plan`](super::Checkpointed::plan).
///
/// ```text
/// 10000 steps within 1.0 MiB: 512 steps on the tape, 38 states stored; 19488 steps forward (1.95 each), 1.0 MiB
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    steps: usize,
    leaf: usize,
    states: usize,
    bytes: usize,
    budget: usize,
}

/// What memory goes for, as measured: in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    /// What does not depend on the plan.
    pub(super) fixed: usize,
    /// A step on the tape.
    pub(super) step: usize,
    /// A stored state.
    pub(super) state: usize,
}

impl Plan {
    /// The plan of the fewest steps forward; among these the one that stores the fewest states.
    pub(super) fn within(budget: Budget, steps: usize, costs: Costs) -> Result<Self> {
        let Costs { fixed, step, state } = costs;
        // One state more than are stored: the one from which a leaf is recorded.
        let least = fixed.saturating_add(step).saturating_add(state);
        if budget.bytes < least {
            return Err(Error::Data {
                what: format!("a budget of {} bytes for {steps} steps", budget.bytes),
                rule: format!(
                    "the least is {least}: a step on the tape takes {step}, a state {state}, the rest {fixed}"
                ),
                remedy: "allow that, or carry fewer rows or units",
            });
        }
        let mut best: Option<Self> = None;
        for states in 0..steps.max(1) {
            let stored = (states + 1).saturating_mul(state);
            let room = (budget.bytes - fixed).saturating_sub(stored);
            let leaf = (room / step.max(1)).min(steps.max(1));
            if leaf == 0 {
                break;
            }
            let bytes = fixed.saturating_add(stored).saturating_add(leaf.saturating_mul(step));
            let plan = Self { steps, leaf, states, bytes, budget: budget.bytes };
            if best.is_none_or(|best| plan.forward() < best.forward()) {
                best = Some(plan);
            }
        }
        match best {
            Some(plan) => Ok(plan),
            None => unreachable!("with the least of budgets, a step and a state fit"),
        }
    }

    /// T, the steps of the sequence.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How many steps are on the tape at once, at most.
    pub fn leaf(&self) -> usize {
        self.leaf
    }

    /// How many states are stored at once, at most, the first one not counted.
    pub fn states(&self) -> usize {
        self.states
    }

    /// How many steps forward it will make: see [`forward_steps`].
    pub fn forward(&self) -> usize {
        forward_steps(self.steps, self.leaf, self.states)
    }

    /// How many bytes it will take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |bytes: usize| bytes as f64 / (1u64 << 20) as f64;
        let Self { steps, leaf, states, bytes, budget } = *self;
        let forward = self.forward();
        write!(
            f,
            "{steps} steps within {:.1} MiB: {leaf} steps on the tape, {states} states stored; {forward} steps forward \
             ({:.2} each), {:.1} MiB",
            mebibytes(budget),
            forward as f64 / steps.max(1) as f64,
            mebibytes(bytes)
        )
    }
}
