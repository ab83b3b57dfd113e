//! A learned row for each class.

use crate::{Bound, Input, ParamStore, Result, init::Init};
use rand::Rng;
use tape::{ParamId, Real};

/// A table `[classes, width]`, whose rows are looked up and learned.
#[derive(Debug, Clone, Copy)]
pub struct Embedding {
    /// The table.
    pub table: ParamId,
}

impl Embedding {
    /// A table with new parameter `{name}.table` in `store`, drawn from `init`.
    pub fn new<T: Real>(
        store: &mut ParamStore<T>,
        name: &str,
        (classes, width): (usize, usize),
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        Ok(Self { table: store.add(format!("{name}.table"), init.sample(&[classes, width], rng))? })
    }

    /// The rows of `indices`, time-major, as inputs `[T, B, width]`.
    ///
    /// # Panics
    /// When an index is not below the number of classes, or the indices do not fill steps of `batch` rows.
    #[track_caller]
    pub fn look_up<'t, T: Real>(
        &self,
        p: Bound<'t, '_, T>,
        indices: &[usize],
        batch: usize,
    ) -> Input<'t, 'static, T> {
        let rows = p.var(self.table).gather_rows(indices);
        let width = rows.shape().last().copied().unwrap_or(0);
        Input::Dense(rows.reshape([indices.len() / batch.max(1), batch, width]))
    }
}
