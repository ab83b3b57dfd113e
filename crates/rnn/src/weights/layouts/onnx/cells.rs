//! The cells that do what a node says.

use super::{Attributes, Op, import};
use crate::{
    Elman, Error, ParamStore, Result,
    cells::{
        gru::{self, Gru},
        lstm::{self, Lstm},
    },
    init::Zeros,
    weights::{
        Archive, LoadOptions,
        layouts::{Directions, Portable},
    },
};
use ndarray::ArrayD;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use tape::Real;

/// The cells of a node: one, or one for each direction, forward first.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // named as their operators
pub enum Cells<T: Real> {
    Rnn(Vec<Elman<T>>),
    Gru(Vec<Gru<T>>),
    Lstm(Vec<Lstm<T>>),
}

/// Both directions are one layer.
impl<T: Real> Portable<T> for Cells<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        let layers = match self {
            Self::Rnn(cells) => cells.layers(),
            Self::Gru(cells) => cells.layers(),
            Self::Lstm(cells) => cells.layers(),
        };
        let mut layers = layers.into_iter();
        let reverse = |layer: Directions<T>| layer.forward;
        let Some(first) = layers.next() else { return Vec::new() };
        vec![Directions { reverse: layers.next().map(reverse), ..first }]
    }
}

impl<T: Real> Attributes<T> {
    /// Cells with new parameters `{name}.…` and, of the second direction, `{name}_reverse.…`, which hold the node's
    /// weights: `W`, `R`, and where there are any `B` and `P`, under the options' prefix.
    ///
    /// # Errors
    /// [`LayoutError`](super::super::LayoutError) for what our cells do not do, and those of [`import`]. The store is then as it was.
    pub fn cells(
        &self,
        store: &mut ParamStore<T>,
        name: &str,
        weights: &Archive<T>,
        options: &LoadOptions,
    ) -> Result<Cells<T>> {
        let mut trial = store.clone();
        let cells = self.blank(&mut trial, name, weights, &options.prefix)?;
        import(&cells, &mut trial, weights, options)?;
        *store = trial;
        Ok(cells)
    }

    /// The cells with all weights zero.
    fn blank(
        &self,
        store: &mut ParamStore<T>,
        name: &str,
        weights: &Archive<T>,
        prefix: &str,
    ) -> Result<Cells<T>> {
        let has = |array: &str| weights.get(&format!("{prefix}{array}")).is_some();
        let (sizes, bias, peepholes) = (self.sizes(weights, prefix)?, has("B"), has("P"));
        let names = [name.to_owned(), format!("{name}_reverse")];
        let names = &names[..self.direction.count()];
        let squashes = |d: usize| {
            let each = self.activations.len() / names.len();
            &self.activations[d * each..(d + 1) * each]
        };
        // Zeros are not drawn.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut directions = names.iter().enumerate();
        Ok(match self.op {
            Op::Rnn => Cells::Rnn(directions.try_fold(Vec::new(), |mut cells, (d, name)| {
                let new = if bias { Elman::new } else { Elman::without_bias };
                let cell = new(store, name, sizes, &Zeros, &mut rng)?;
                cells.push(cell.with_activation(squashes(d)[0]));
                Ok::<_, Error>(cells)
            })?),
            Op::Gru => Cells::Gru(directions.try_fold(Vec::new(), |mut cells, (d, name)| {
                let reset = match self.linear_before_reset {
                    true => gru::Reset::After,
                    false => gru::Reset::Before,
                };
                let [gate, candidate] = [squashes(d)[0], squashes(d)[1]];
                let form = gru::Form { bias, reset, gate, candidate, ..gru::Form::default() };
                cells.push(Gru::new(store, name, sizes, form, &Zeros, &mut rng)?);
                Ok::<_, Error>(cells)
            })?),
            Op::Lstm => Cells::Lstm(directions.try_fold(Vec::new(), |mut cells, (d, name)| {
                let [gate, candidate, output] = [0, 1, 2].map(|k| squashes(d)[k]);
                let activations = lstm::Activations { gate, candidate, output };
                let coupled = self.input_forget;
                let form =
                    lstm::Form { bias, peepholes, coupled, activations, ..lstm::Form::default() };
                cells.push(Lstm::new(store, name, sizes, form, &Zeros, &mut rng)?);
                Ok::<_, Error>(cells)
            })?),
        })
    }

    /// X and H, from the shape of `W` `[D, G·H, X]`.
    fn sizes(&self, weights: &Archive<T>, prefix: &str) -> Result<(usize, usize)> {
        let name = format!("{prefix}W");
        let Some(w) = weights.get(&name) else {
            return Err(Error::WeightNames { missing: vec![name], surplus: Vec::new() });
        };
        let gates = self.op.gates();
        let rows = |w: &ArrayD<T>| w.shape().get(1).copied().unwrap_or(0);
        let hidden = self.hidden_size.unwrap_or(rows(w) / gates);
        match *w.shape() {
            [directions, rows, inputs]
                if directions == self.direction.count() && rows == gates * hidden =>
            {
                Ok((inputs, hidden))
            }
            _ => {
                let expected = vec![self.direction.count(), gates * hidden, inputs(w)];
                Err(Error::WeightShape { name, found: w.shape().into(), expected })
            }
        }
    }
}

fn inputs<T>(w: &ArrayD<T>) -> usize {
    w.shape().last().copied().unwrap_or(0)
}
