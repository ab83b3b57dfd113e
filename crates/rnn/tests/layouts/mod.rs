//! Weights in other frameworks' layouts: what is written is read back bit for bit, and what has no place is refused by
//! name.

mod computed;
mod files;
mod refused;
mod round;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Elman, Gru, Lstm, ParamStore, Result,
    cells::{gru, lstm},
    init::Normal,
    weights::{Archive, Portable, Stored, onnx},
};

pub(crate) const NORMAL: Normal = Normal { std: 1.0 };

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn elman(store: &mut ParamStore<f64>, name: &str, bias: bool) -> Elman<f64> {
    let new = if bias { Elman::new } else { Elman::without_bias };
    new(store, name, (3, 2), &NORMAL, &mut rng(1)).unwrap()
}

pub(crate) fn an_lstm(store: &mut ParamStore<f64>, name: &str, form: lstm::Form<f64>) -> Lstm<f64> {
    Lstm::new(store, name, (3, 2), form, &NORMAL, &mut rng(2)).unwrap()
}

pub(crate) fn a_gru(store: &mut ParamStore<f64>, name: &str, form: gru::Form<f64>) -> Gru<f64> {
    Gru::new(store, name, (3, 2), form, &NORMAL, &mut rng(3)).unwrap()
}

pub(crate) fn bits(store: &ParamStore<f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.iter().for_each(|(_, _, value)| f64::write_le(value.iter().copied(), &mut bytes));
    bytes
}

pub(crate) fn onnx_export<M: Portable<f64>>(
    model: &M,
    store: &ParamStore<f64>,
    prefix: &str,
    archive: &mut Archive<f64>,
) -> Result<()> {
    onnx::export(model, store, prefix, archive).map(|_| ())
}
