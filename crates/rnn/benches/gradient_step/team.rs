//! One step by several threads: each does its rows, and all meet in the sum of the gradients.
//!
//! Shard 0 keeps the time. The others wait for its word, which is a sum to which they contribute nothing.

use crate::{
    Failure,
    data::{Window, cut},
    measure::GradientStep,
    model::Model,
    workload::Workload,
};
use ::tape::Real;
use rnn::{Result, shards::Shard};
use std::ops::Range;

/// Some rows of a workload, and what they count.
#[derive(Debug)]
pub(crate) struct Piece<'m, T> {
    /// With as many rows as the piece has.
    pub(crate) workload: Workload,
    pub(crate) share: f64,
    pub(crate) model: &'m Model<T>,
    pub(crate) windows: Vec<Window<T>>,
}

impl<'m, T: Real> Piece<'m, T> {
    pub(crate) fn of(
        workload: &Workload,
        rows: &Range<usize>,
        model: &'m Model<T>,
        windows: &[Window<T>],
    ) -> Self {
        let batch = workload.batch;
        Self {
            workload: Workload { batch: rows.len(), ..*workload },
            share: rows.len() as f64 / batch as f64,
            model,
            windows: cut(windows, rows, batch),
        }
    }
}

/// A step of some rows, whose gradients are summed with those of the others.
pub(crate) trait Part<T: Real>: GradientStep {
    fn sum(&mut self, shard: &Shard<'_, T>) -> Result<()>;
}

/// The parts of a shard, by name.
pub(crate) type Parts<'a, T> = Vec<(&'static str, &'a mut (dyn Part<T> + 'a))>;

/// What shard 0 says: a number, since it goes round as a sum.
const DISMISSED: f64 = 0.0;
const READY: f64 = 1.0;
/// Of part 0, followed by its step; then those of the others.
const RESTART: f64 = 2.0;
const STEP: f64 = 3.0;

/// All shards' parts as one step, from shard 0: from the word to the sum.
pub(crate) struct Together<'a, 's, T: Real> {
    pub(crate) shard: &'a Shard<'s, T>,
    pub(crate) part: &'a mut (dyn Part<T> + 'a),
    /// Which of the parts.
    pub(crate) index: usize,
    pub(crate) anew: bool,
}

impl<T: Real> GradientStep for Together<'_, '_, T> {
    fn restart(&mut self) {
        self.anew = true;
    }

    fn ready(&mut self) -> Result<()> {
        if std::mem::take(&mut self.anew) {
            self.shard.sum_number(RESTART + 2.0 * self.index as f64)?;
            self.part.restart();
        }
        self.shard.sum_number(READY).map(drop)
    }

    fn step(&mut self) -> Result<f64> {
        if self.anew {
            self.ready()?;
        }
        self.shard.sum_number(STEP + 2.0 * self.index as f64)?;
        make(self.part, self.shard)
    }

    fn grad_norm(&self) -> f64 {
        self.part.grad_norm()
    }
}

fn make<T: Real>(part: &mut dyn Part<T>, shard: &Shard<'_, T>) -> Result<f64> {
    let loss = part.step()?;
    part.sum(shard)?;
    shard.sum_number(loss)
}

/// What the other shards do until they are dismissed.
pub(crate) fn follow<T: Real>(
    shard: &Shard<'_, T>,
    mut parts: Parts<'_, T>,
) -> Result<(), Failure> {
    loop {
        match shard.sum_number(0.0)? {
            DISMISSED => return Ok(()),
            READY => {}
            word => {
                let word = (word - RESTART) as usize;
                let part = &mut *parts[word / 2].1;
                if word.is_multiple_of(2) {
                    part.restart();
                } else {
                    make(part, shard)?;
                }
            }
        }
    }
}

/// Lets the other shards go.
pub(crate) fn dismiss<T: Real>(shard: &Shard<'_, T>) -> Result<()> {
    shard.sum_number(DISMISSED).map(drop)
}
