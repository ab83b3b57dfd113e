//! What has no place elsewhere.

use super::{NORMAL, a_gru, an_lstm, elman, onnx_export, rng};
use rnn::{
    Activation, Elman, Mgu, ParamStore, Result,
    cells::{gru, lstm},
    layers::{Highway, Recurrent, Residual},
    regularize::Zoneout,
    weights::{Archive, Directions, Portable, keras, torch},
};

/// The text of the refusals of PyTorch, Keras and ONNX, each empty where the model has a place.
fn refusals(model: &impl Portable<f64>, store: &ParamStore<f64>) -> [String; 3] {
    let text = |outcome: Result<()>| outcome.err().map(|e| e.to_string()).unwrap_or_default();
    [
        text(torch::export(model, store, "", &mut Archive::new())),
        text(keras::export(model, store, "", &mut Archive::new())),
        text(onnx_export(model, store, "", &mut Archive::new())),
    ]
}

/// Each refusal must begin as said; nothing said means that there is none.
#[track_caller]
fn refused(model: &impl Portable<f64>, store: &ParamStore<f64>, begin: [&str; 3]) {
    for (text, begin) in refusals(model, store).iter().zip(begin) {
        assert_eq!(text.is_empty(), begin.is_empty(), "{text}");
        assert!(text.starts_with(begin), "{text}");
    }
}

#[test]
fn a_variant_without_a_place_is_refused_by_name() {
    let store = &mut ParamStore::new();
    let cell =
        a_gru(store, "before", gru::Form { reset: gru::Reset::Before, ..gru::Form::default() });
    let gru = "PyTorch has no place for the reset gate of a GRU that resets before the product: torch.nn.GRU multiplies \
               by the reset gate after the product, which for the same weights is another function; export to Keras \
               or ONNX, or train a GRU that resets after";
    refused(&cell, store, [gru, "", ""]);

    let form = lstm::Form { peepholes: true, ..lstm::Form::default() };
    let cell = an_lstm(store, "peepholes", form);
    let [torch, keras] =
        ["PyTorch", "Keras"].map(|l| format!("{l} has no place for the peepholes of an LSTM: "));
    refused(&cell, store, [&torch, &keras, ""]);

    let form = lstm::Form { coupled: true, ..lstm::Form::default() };
    let cell = an_lstm(store, "coupled", form);
    let [torch, keras] = ["PyTorch", "Keras"]
        .map(|l| format!("{l} has no place for the coupled gate of an LSTM with coupled gates: "));
    refused(&cell, store, [&torch, &keras, ""]);

    let form = lstm::Form { projection: Some(1), ..lstm::Form::default() };
    let cell = an_lstm(store, "projection", form);
    let [keras, onnx] =
        ["Keras", "ONNX"].map(|l| format!("{l} has no place for the projection of an LSTM: "));
    refused(&cell, store, ["", &keras, &onnx]);

    let cell = elman(store, "sigmoid", true).with_activation(Activation::Sigmoid);
    let torch = "PyTorch has no place for the activation of an Elman cell: torch.nn.RNN knows tanh and relu";
    refused(&cell, store, [torch, "", ""]);
}

#[test]
fn what_only_this_project_has_is_refused_by_all() {
    #[track_caller]
    fn by_all(model: &impl Portable<f64>, store: &ParamStore<f64>, what: &str) {
        let [torch, keras, onnx] = ["PyTorch", "Keras", "ONNX"]
            .map(|layout| format!("{layout} has no place for {what}: "));
        refused(model, store, [&torch, &keras, &onnx]);
    }
    let store = &mut ParamStore::new();
    let cell =
        an_lstm(store, "norm", lstm::Form { layer_norm: Some(1e-5), ..lstm::Form::default() });
    by_all(&cell, store, "the layer normalisation of an LSTM");
    let cell = an_lstm(store, "clip", lstm::Form { cell_clip: Some(3.0), ..lstm::Form::default() });
    by_all(&cell, store, "the clip of the cell of an LSTM");
    let cell = Mgu::new(store, "mgu", (3, 2), true, &NORMAL, &mut rng(1)).unwrap();
    by_all(&cell, store, "the equation of a minimal gated unit");

    let cell = elman(store, "elman", true);
    by_all(
        &Residual::new(Recurrent(cell.clone())),
        store,
        "the residual connection of an Elman cell",
    );
    let zoned = Zoneout { cell: cell.clone(), h: 0.1, c: 0.0, key: 1 };
    by_all(&zoned, store, "the zoneout of an Elman cell");
    let gated =
        Highway::new(store, "gate", (Recurrent(cell.clone()), 3), -1.0, &NORMAL, &mut rng(1));
    by_all(&gated.unwrap(), store, "the highway connection of an Elman cell");
    let half = gru::Form::default();
    let mut half = a_gru(store, "half", half);
    half.b_n = None;
    by_all(&half, store, "the single bias of a GRU that resets after the product");
}

#[test]
fn layers_that_are_no_module_are_refused() {
    let store = &mut ParamStore::new();
    let (a, b) = (elman(store, "a", true), elman(store, "b", false));
    let text = |model: &[Elman<f64>]| refusals(&Slice(model), store);
    let [torch, keras, onnx] = text(&[a.clone(), a.clone()]);
    assert!(
        torch.starts_with("PyTorch: layer 1 reads 3 inputs, not what layer 0 gives, but "),
        "{torch}"
    );
    assert!(keras.starts_with("one cell: the model has 2 layer(s)"), "{keras}");
    assert!(onnx.starts_with("ONNX: the model has 2 layers, but a node is one; "), "{onnx}");
    let [torch, ..] = text(&[a.clone(), b.clone()]);
    assert!(
        torch.starts_with("PyTorch: layer 1 is an Elman cell of another form than layer 0"),
        "{torch}"
    );
    let both = Directions::both(&a, &b).unwrap();
    let [torch, _, onnx] = refusals(&both, store);
    assert!(torch.starts_with("PyTorch: layer 0 is an Elman cell of another form"), "{torch}");
    assert!(onnx.starts_with("ONNX: the two directions are of different forms"), "{onnx}");
}

/// Cells one above the other.
struct Slice<'a>(&'a [Elman<f64>]);

impl Portable<f64> for Slice<'_> {
    fn layers(&self) -> Vec<Directions<f64>> {
        self.0.layers()
    }
}
