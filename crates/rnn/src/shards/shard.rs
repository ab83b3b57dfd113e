//! What a program knows of its shard, and what it sums with the others.

use super::{Team, locked, parted::Purpose};
use crate::{Error, Result};
use ndarray::ArrayD;
use std::{cell::Cell, ops::Range, sync::atomic::Ordering};
use tape::{Gradients, ParamId, Real, Shape};

/// One of the pieces that a batch is cut into, as [its program](super::run) sees it.
///
/// Every sum is a meeting: all shards make the same sums in the same order, and each gets the same bits.
#[derive(Debug)]
pub struct Shard<'r, T: Real> {
    pub(super) team: &'r Team<T>,
    pub(super) index: usize,
    /// How many sums have been begun.
    pub(super) sums: Cell<u64>,
}

/// What a shard's gradients say of a parameter, beside its numbers.
#[derive(Debug)]
pub(super) struct Note {
    id: ParamId,
    shape: Shape,
    version: u64,
    used: bool,
}

impl<T: Real> Shard<'_, T> {
    /// Which one it is, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.team.numbers.len()
    }

    /// The rows of a batch that are this shard's: `⌊B/S⌋` of them that follow each other, and one more in each of the
    /// first `B mod S` shards.
    ///
    /// # Errors
    /// [`Error::Data`] when there are fewer rows than shards.
    pub fn rows(&self, batch: usize) -> Result<Range<usize>> {
        let count = self.count();
        if batch < count {
            return Err(Error::Data {
                what: format!("a batch of {batch} row(s) cut into {count} shards"),
                rule: "each shard has a row at least".into(),
                remedy: "cut it into fewer shards, or leave out the short batch at the end of an epoch",
            });
        }
        Ok(self.cut(batch))
    }

    /// `Bₛ / B`, the share of the batch's rows that are this shard's. The mean over a batch is the sum of the means over its
    /// shards, each times its share.
    pub fn share(&self, batch: usize) -> f64 {
        self.cut(batch).len() as f64 / batch.max(1) as f64
    }

    fn cut(&self, batch: usize) -> Range<usize> {
        let (short, longer) = (batch / self.count(), batch % self.count());
        let start = |shard: usize| shard * short + shard.min(longer);
        start(self.index)..start(self.index + 1)
    }

    /// A seed of its own for each shard, made of one that they share; shard 0 has that one itself. For what is drawn row by row:
    /// with the same seed, the first rows of all shards would be masked alike.
    pub fn seed(&self, seed: u64) -> u64 {
        seed ^ (self.index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// `ḡ ← Σₛ ḡₛ` for every parameter, the terms added in the order of the shards.
    ///
    /// A parameter that was not bound in every shard counts as zero where it was not, and as
    /// [used](Gradients::is_unused) if it is in any. Gradients of other leaves stay what they are in each shard.
    ///
    /// # Errors
    /// [`Error::Parted`] when the others do not come to this sum, or not with parameters of the same shapes. What the
    /// gradients hold then is not to be used.
    pub fn sum(&self, gradients: &mut Gradients<T>) -> Result<()> {
        let purpose = self.purpose("gradients");
        let mut notes = locked(self.team.notes[self.index].write());
        notes.clear();
        notes.extend(gradients.params().map(|(id, gradient)| Note {
            id,
            shape: Shape::from_slice(gradient.shape()),
            version: gradients.version(id).unwrap_or(0),
            used: !gradients.is_unused(id),
        }));
        drop(notes);
        self.team.gate.meet(self.index, purpose, || Ok(()))?;
        for notes in &self.team.notes {
            for Note { id, shape, version, used } in locked(notes.read()).iter() {
                gradients.admit(*id, shape, *version, *used);
            }
        }
        self.sum_each(purpose, &mut |each| gradients.for_each_param_mut(|_, array| each(array)))
    }

    /// The same for any arrays: in the place of each, the sum of those that stand there in all shards.
    ///
    /// # Errors
    /// [`Error::Parted`] when the others do not come to this sum, or not with as many arrays of the same shapes. What the
    /// arrays hold then is not to be used.
    pub fn sum_arrays(&self, arrays: &mut [ArrayD<T>]) -> Result<()> {
        let purpose = self.purpose("arrays");
        self.sum_each(purpose, &mut |each| arrays.iter_mut().for_each(each))
    }

    /// The sum of a number of each shard: of losses, of rows that were right, of reasons to stop.
    ///
    /// # Errors
    /// [`Error::Parted`] when the others do not come to this sum.
    pub fn sum_number(&self, number: f64) -> Result<f64> {
        let purpose = self.purpose("numbers");
        // Whoever is at the next sum already writes beside what others still read; nobody is further ahead.
        let side = purpose.number as usize % 2;
        let numbers = &self.team.numbers;
        numbers[self.index][side].store(number.to_bits(), Ordering::Relaxed);
        self.team.gate.meet(self.index, purpose, || Ok(()))?;
        let bits = numbers.iter().map(|sides| sides[side].load(Ordering::Relaxed));
        Ok(bits.map(f64::from_bits).fold(0.0, |sum, x| sum + x))
    }

    fn sum_each(
        &self,
        purpose: Purpose,
        arrays: &mut super::exchange::Arrays<'_, T>,
    ) -> Result<()> {
        let Team { gate, exchange, .. } = self.team;
        let steps = || -> Result<()> {
            gate.meet(self.index, purpose, || exchange.begin())?;
            exchange.add(self.index);
            gate.meet(self.index, purpose, || Ok(()))?;
            exchange.fetch(self.index);
            gate.meet(self.index, purpose, || Ok(()))
        };
        exchange.post(self.index, arrays);
        let outcome = steps();
        exchange.collect(self.index, arrays);
        outcome
    }

    fn purpose(&self, what: &'static str) -> Purpose {
        self.sums.set(self.sums.get() + 1);
        Purpose { what, number: self.sums.get() }
    }
}
