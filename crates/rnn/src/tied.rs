//! `o = h Eᵀ + c`: scores by the table that the classes were looked up in. (O. Press and L. Wolf, *Using the output
//! embedding to improve language models*, 2017.)

use crate::{Bound, Embedding, ParamStore, Result};
use ndarray::ArrayD;
use tape::{ParamId, Real, Var};

/// A [`Linear`](crate::Linear) whose weights are an [`Embedding`]'s table, transposed. One parameter, read twice: its
/// gradient is the sum. See the module.
#[derive(Debug, Clone, Copy)]
pub struct Tied {
    /// `E [classes, H]`
    pub table: ParamId,
    /// Bias `[classes]`, if it has one.
    pub c: Option<ParamId>,
}

impl Tied {
    /// A layer on the table of `embedding`, with a new bias `{name}.c` of zeros in `store`.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn new<T: Real>(
        store: &mut ParamStore<T>,
        name: &str,
        embedding: &Embedding,
    ) -> Result<Self> {
        let classes = store.get(embedding.table).shape()[0];
        let c = store.add(format!("{name}.c"), ArrayD::from_elem(vec![classes], T::ZERO))?;
        Ok(Self { table: embedding.table, c: Some(c) })
    }

    /// `h Eᵀ + c`: `[.., H] → [.., classes]`.
    ///
    /// # Panics
    /// When `h` is not as wide as the table.
    #[track_caller]
    pub fn forward<'t, T: Real>(&self, p: Bound<'t, '_, T>, h: Var<'t, T>) -> Var<'t, T> {
        let weights = p.var(self.table).t();
        match self.c {
            Some(c) => h.affine(weights, p.var(c)),
            None => h.matmul(weights),
        }
    }
}
