//! `o = h V + c`: what a network says about its state.

use crate::{
    Bound, ParamStore, Result,
    init::Init,
    loss::{Reduction, Rows, cross_entropy, surprise},
};
use rand::Rng;
use tape::{ParamId, Real, Var};

/// See the module. Works on any leading axes: `[.., H] → [.., O]`.
#[derive(Debug, Clone, Copy)]
pub struct Linear {
    /// Weights `[H, O]`.
    pub v: ParamId,
    /// Bias `[O]`, if it has one.
    pub c: Option<ParamId>,
}

impl Linear {
    /// A layer with new parameters `{name}.v` and `{name}.c` in `store`, drawn from `init`.
    pub fn new<T: Real>(
        store: &mut ParamStore<T>,
        name: &str,
        (inputs, outputs): (usize, usize),
        init: &impl Init,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let v = store.add(format!("{name}.v"), init.sample(&[inputs, outputs], rng))?;
        let c = store.add(format!("{name}.c"), init.sample(&[outputs], rng))?;
        Ok(Self { v, c: Some(c) })
    }

    /// `h V + c`
    #[track_caller]
    pub fn forward<'t, T: Real>(&self, p: Bound<'t, '_, T>, h: Var<'t, T>) -> Var<'t, T> {
        match self.c {
            Some(c) => h.affine(p.var(self.v), p.var(c)),
            None => h.matmul(p.var(self.v)),
        }
    }

    /// [`loss::cross_entropy`](crate::loss::cross_entropy) of [`forward`](Self::forward), to the same bits, for outputs
    /// `[T, B, H]` and classes `[T, B]`: faster where the classes are many, since the scores are nobody's to read.
    ///
    /// # Panics
    /// When the shapes do not fit, or a class is out of range.
    #[track_caller]
    pub fn cross_entropy<'t, T: Real>(
        &self,
        p: Bound<'t, '_, T>,
        h: Var<'t, T>,
        classes: &[usize],
        reduction: Reduction<'_, T>,
        rows: Rows,
    ) -> Var<'t, T> {
        let v = p.var(self.v);
        let Some(c) = self.c.map(|c| p.var(c)) else {
            return cross_entropy(h.matmul(v), classes, reduction, rows);
        };
        surprise(h, classes, reduction, rows, |h, classes, weights| match weights {
            Some(weights) => h.affine_cross_entropy_weighted((v, c), classes, weights),
            None => h.affine_cross_entropy(v, c, classes),
        })
    }
}
