//! The cells of a workload, holding the parameters that the peers begin with.

use crate::{
    model::{Layer, Model},
    own_mgu::OwnMgu,
};
use ::tape::Real;
use ndarray::{ArrayD, Slice};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rnn::{Cell, Elman, Embedding, Gru, Linear, Lstm, Mgu, ParamStore, Result, cells, init::Zeros};

/// A cell that can be made from a layer's arrays.
pub(crate) trait FromLayer<T: Real>: Cell<T> + Sized {
    fn of(store: &mut ParamStore<T>, name: &str, layer: &Layer<T>) -> Result<Self>;
}

/// Input and hidden width of a layer.
fn sizes<T>(layer: &Layer<T>) -> (usize, usize) {
    (layer.w.shape()[0], layer.u.shape()[0])
}

/// Writes a layer's arrays where a new cell has zeros.
fn fill<T: Real>(store: &mut ParamStore<T>, name: &str, layer: &Layer<T>) {
    let Layer { w, u, b, b_n } = layer;
    let parts = [("w", Some(w)), ("u", Some(u)), ("b", Some(b)), ("b_n", b_n.as_ref())];
    for (part, array) in parts {
        if let (Some(id), Some(array)) = (store.find(&format!("{name}.{part}")), array) {
            store.get_mut(id).assign(array);
        }
    }
}

macro_rules! built_in {
    ($cell:ty, |$store:ident, $name:ident, $sizes:ident, $rng:ident| $new:expr) => {
        impl<T: Real> FromLayer<T> for $cell {
            fn of($store: &mut ParamStore<T>, $name: &str, layer: &Layer<T>) -> Result<Self> {
                let ($sizes, $rng) = (sizes(layer), &mut ChaCha8Rng::seed_from_u64(0));
                let cell = $new?;
                fill($store, $name, layer);
                Ok(cell)
            }
        }
    };
}

built_in!(Elman<T>, |store, name, sizes, rng| Self::new(store, name, sizes, &Zeros, rng));
built_in!(Mgu, |store, name, sizes, rng| Self::new(store, name, sizes, true, &Zeros, rng));
built_in!(Lstm<T>, |store, name, sizes, rng| {
    Self::new(store, name, sizes, cells::lstm::Form::default(), &Zeros, rng)
});
built_in!(Gru<T>, |store, name, sizes, rng| {
    Self::new(store, name, sizes, cells::gru::Form::default(), &Zeros, rng)
});

impl<T: Real> FromLayer<T> for OwnMgu {
    fn of(store: &mut ParamStore<T>, name: &str, layer: &Layer<T>) -> Result<Self> {
        let hidden = sizes(layer).1;
        let block = |k: usize| -> ArrayD<T> {
            let columns = Slice::from(k * hidden..(k + 1) * hidden);
            let block = layer.u.slice_axis(ndarray::Axis(1), columns);
            block.as_standard_layout().into_owned()
        };
        let mut add = |part: &str, value| store.add(format!("{name}.{part}"), value);
        let w = add("w", layer.w.clone())?;
        let b = add("b", layer.b.clone())?;
        Ok(Self::new([w, b, add("u_f", block(0))?, add("u_n", block(1))?], hidden))
    }
}

/// A model as a user would hold it.
#[derive(Debug)]
pub(crate) struct Network<T: Real, C> {
    pub(crate) store: ParamStore<T>,
    pub(crate) embedding: Option<Embedding>,
    /// Layer after layer, each with one or two directions.
    pub(crate) cells: Vec<C>,
    pub(crate) head: Linear,
}

impl<T: Real, C: FromLayer<T>> Network<T, C> {
    pub(crate) fn of(model: &Model<T>) -> Result<Self> {
        let mut store = ParamStore::new();
        let table = model.table.clone().map(|table| store.add("embedding.table", table));
        let embedding = table.transpose()?.map(|table| Embedding { table });
        let layers = model.layers.iter().enumerate();
        let cells = layers.map(|(k, layer)| C::of(&mut store, &format!("rnn{k}"), layer));
        let cells = cells.collect::<Result<_>>()?;
        let head = Linear {
            v: store.add("head.v", model.v.clone())?,
            c: Some(store.add("head.c", model.c.clone())?),
        };
        Ok(Self { store, embedding, cells, head })
    }
}
