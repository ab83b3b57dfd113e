//! `o = h V + c`: what a network says about its state.

use crate::{Bound, ParamStore, Result, init::Init};
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
}
