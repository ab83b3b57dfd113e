//! There and back.

use super::{a_gru, an_lstm, bits, elman, onnx_export};
use rnn::{
    ParamStore, Result,
    cells::{gru, lstm},
    layers::{Bidirectional, Merge, Recurrent},
    weights::{Archive, LoadOptions, keras, onnx, torch},
};

/// A way of writing, and the way of reading that belongs to it.
type Ways<M> = (
    fn(&M, &ParamStore<f64>, &str, &mut Archive<f64>) -> Result<()>,
    fn(&M, &mut ParamStore<f64>, &Archive<f64>, &LoadOptions) -> Result<()>,
);

/// Writes, disturbs the model, and reads: all bits must come back, those of −0 too.
#[track_caller]
fn goes_round<M>(store: &mut ParamStore<f64>, model: &M, (write, read): Ways<M>) {
    for id in store.ids().collect::<Vec<_>>() {
        store.get_mut(id).iter_mut().step_by(2).for_each(|x| *x = -0.0);
    }
    let (before, mut archive) = (bits(store), Archive::new());
    write(model, store, "a.", &mut archive).unwrap();
    for id in store.ids().collect::<Vec<_>>() {
        store.get_mut(id).fill(9.0);
    }
    read(model, store, &archive, &LoadOptions::prefix("a.")).unwrap();
    assert!(bits(store) == before);
}

#[test]
fn what_is_written_for_pytorch_is_read_back_bit_for_bit() {
    for bias in [true, false] {
        let mut store = ParamStore::new();
        let cell = elman(&mut store, "a", bias);
        goes_round(&mut store, &cell, (torch::export, torch::import));
        goes_round(&mut store, &cell, (torch::export_cell, torch::import_cell));

        let form = lstm::Form { bias, projection: Some(3), ..lstm::Form::default() };
        let mut store = ParamStore::new();
        let there = Recurrent(an_lstm(&mut store, "there", form));
        let back = Recurrent(an_lstm(&mut store, "back", form));
        let both = Bidirectional::new(there, back, Merge::Concat);
        goes_round(&mut store, &both, (torch::export, torch::import));

        for update in [gru::Update::Keep, gru::Update::Replace] {
            let form = gru::Form { bias, update, ..gru::Form::default() };
            let mut store = ParamStore::new();
            let cell = a_gru(&mut store, "a", form);
            goes_round(&mut store, &cell, (torch::export, torch::import));
        }
    }
}

#[test]
fn what_is_written_for_keras_and_onnx_is_read_back_bit_for_bit() {
    for bias in [true, false] {
        let mut store = ParamStore::new();
        let cell = elman(&mut store, "a", bias);
        goes_round(&mut store, &cell, (keras::export, keras::import));
        goes_round(&mut store, &cell, (onnx_export, onnx::import));

        let mut store = ParamStore::new();
        let plain = an_lstm(&mut store, "a", lstm::Form { bias, ..lstm::Form::default() });
        goes_round(&mut store, &plain, (keras::export, keras::import));
        for coupled in [true, false] {
            let form = lstm::Form { bias, coupled, peepholes: true, ..lstm::Form::default() };
            let mut store = ParamStore::new();
            let cell = an_lstm(&mut store, "a", form);
            goes_round(&mut store, &cell, (onnx_export, onnx::import));
        }
        for reset in [gru::Reset::After, gru::Reset::Before] {
            for update in [gru::Update::Keep, gru::Update::Replace] {
                let form = gru::Form { bias, reset, update, ..gru::Form::default() };
                let mut store = ParamStore::new();
                let cell = a_gru(&mut store, "a", form);
                goes_round(&mut store, &cell, (keras::export, keras::import));
                goes_round(&mut store, &cell, (onnx_export, onnx::import));
            }
        }
    }
}
