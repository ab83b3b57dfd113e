//! The same step, one op at a time.

use super::Lstm;
use crate::Bound;
use tape::{Real, Var};

impl<T: Real> Lstm<T> {
    /// Shows `i`, `f`, `g`, `c`, `o`, as they become known.
    #[track_caller]
    pub(super) fn in_parts<'t>(
        &self,
        p: Bound<'t, '_, T>,
        x: Var<'t, T>,
        (h, c): (Var<'t, T>, Var<'t, T>),
        show: &mut dyn FnMut(&'static str, Var<'t, T>),
    ) -> (Var<'t, T>, Var<'t, T>) {
        let (form, hidden) = (self.form(), self.hidden);
        let block = |of: Var<'t, T>, k: usize| of.slice(-1, k * hidden..(k + 1) * hidden);
        let peepholes = self.peepholes.map(|peepholes| p.var(peepholes));
        let peek =
            |z: Var<'t, T>, k, c: Var<'t, T>| peepholes.map_or(z, |all| z + block(all, k) * c);
        let mut shown = |name, var| {
            show(name, var);
            var
        };

        let (z, last) = (self.blocks(p, x, h), form.gates() - 1);
        let i = shown("i", form.activations.gate.of(peek(block(z, 0), 0, c)));
        let f = if form.coupled {
            -i + T::ONE
        } else {
            form.activations.gate.of(peek(block(z, 1), 1, c))
        };
        let f = shown("f", f);
        let g = shown("g", form.activations.candidate.of(block(z, last - 1)));
        let c = f * c + i * g;
        let c = shown("c", form.cell_clip.map_or(c, |k| c.clamp(T::of(-k), T::of(k))));
        let o = shown("o", form.activations.gate.of(peek(block(z, last), last - 1, c)));
        let out = self.norm.map_or(c, |norm| self.normalised(p, c, norm.cell));
        (self.projected(p, o * form.activations.output.of(out)), c)
    }
}
