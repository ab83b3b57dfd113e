//! Weights in other frameworks' layouts: what is written is read back bit for bit, and what has no place is refused by
//! name.

#![allow(clippy::unwrap_used)] // where nothing can be unwrapped, a test has failed

use ndarray::{Array3, ArrayD, Axis, IxDyn, arr1};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Elman, Error, Gru, Input, Lstm, Mgu, ParamStore, Result, Sequence,
    cells::{gru, lstm},
    init::Normal,
    layers::{Bidirectional, Highway, Layer, Merge, Recurrent, Residual},
    regularize::Zoneout,
    weights::{Archive, Directions, LoadOptions, Portable, Stored, keras, onnx, torch},
};
use std::path::Path;
use tape::Tape;

const NORMAL: Normal = Normal { std: 1.0 };

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn elman(store: &mut ParamStore<f64>, name: &str, bias: bool) -> Elman<f64> {
    let new = if bias { Elman::new } else { Elman::without_bias };
    new(store, name, (3, 2), &NORMAL, &mut rng(1)).unwrap()
}

fn an_lstm(store: &mut ParamStore<f64>, name: &str, form: lstm::Form<f64>) -> Lstm<f64> {
    Lstm::new(store, name, (3, 2), form, &NORMAL, &mut rng(2)).unwrap()
}

fn a_gru(store: &mut ParamStore<f64>, name: &str, form: gru::Form<f64>) -> Gru<f64> {
    Gru::new(store, name, (3, 2), form, &NORMAL, &mut rng(3)).unwrap()
}

fn bits(store: &ParamStore<f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.iter().for_each(|(_, _, value)| f64::write_le(value.iter().copied(), &mut bytes));
    bytes
}

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

fn onnx_export<M: Portable<f64>>(
    model: &M,
    store: &ParamStore<f64>,
    prefix: &str,
    archive: &mut Archive<f64>,
) -> Result<()> {
    onnx::export(model, store, prefix, archive).map(|_| ())
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

/// What a cell puts out for inputs `[T, B, X]`.
fn outputs(layer: &impl Layer<f64>, store: &ParamStore<f64>, x: &ArrayD<f64>) -> ArrayD<f64> {
    let tape = Tape::new();
    let xs = Sequence::time_major(Input::Dense(tape.constant(x)));
    layer.run(store.bind(&tape), &xs, &layer.zero_states(&tape, x.shape()[1])).outputs.value()
}

#[test]
fn a_gru_that_replaces_computes_the_same_as_one_that_keeps() {
    let mut store = ParamStore::new();
    let replaces = gru::Form { update: gru::Update::Replace, ..gru::Form::default() };
    let replaces = a_gru(&mut store, "a", replaces);
    let keeps = a_gru(&mut store, "b", gru::Form::default());
    let x = Array3::from_shape_fn((5, 2, 3), |(t, b, i)| (t + 2 * b + 3 * i) as f64 / 7.0 - 1.0);
    let (x, mut archive) = (x.into_dyn(), Archive::new());
    torch::export(&replaces, &store, "", &mut archive).unwrap();
    torch::import(&keeps, &mut store, &archive, &LoadOptions::default()).unwrap();
    let [a, b] = [Recurrent(replaces), Recurrent(keeps)].map(|gru| outputs(&gru, &store, &x));
    approx::assert_relative_eq!(a, b, epsilon = 1e-14);
}

#[test]
fn two_biases_are_summed_but_those_of_the_candidate_kept_apart() {
    let mut store = ParamStore::new();
    let cell = a_gru(&mut store, "a", gru::Form::default());
    let mut archive = Archive::new();
    for (name, shape) in [("weight_ih_l0", [6, 3]), ("weight_hh_l0", [6, 2])] {
        archive.insert(name, ArrayD::from_elem(IxDyn(&shape), 0.5)).unwrap();
    }
    let bias = |by: f64| arr1(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|x: f64| x * by)).into_dyn();
    archive.insert("bias_ih_l0", bias(1.0)).unwrap();
    archive.insert("bias_hh_l0", bias(10.0)).unwrap();
    torch::import(&cell, &mut store, &archive, &LoadOptions::default()).unwrap();
    let wanted = arr1(&[11.0, 22.0, 33.0, 44.0, 5.0, 6.0]).into_dyn();
    assert_eq!(store.get(cell.b.unwrap()), wanted);
    assert_eq!(store.get(cell.b_n.unwrap()), arr1(&[50.0, 60.0]).into_dyn());
}

/// Keras's own numbers: `golden/record_keras.py`. Asked for double precision, it has computed in single.
#[test]
fn weights_of_keras_compute_what_they_compute_there() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/keras.safetensors");
    let golden = Archive::<f64>::read(golden).unwrap();
    let mut store = ParamStore::new();
    let replay = |store: &ParamStore<f64>, name: &str, layer: &dyn Fn() -> ArrayD<f64>| {
        let wanted = golden.get(&format!("{name}.output")).unwrap();
        assert!(!store.is_empty());
        let got = layer().permuted_axes(vec![1, 0, 2]);
        approx::assert_relative_eq!(got, *wanted, epsilon = 5e-7, max_relative = 0.0);
    };
    let input = |name: &str| {
        golden.get(&format!("{name}.input")).unwrap().clone().permuted_axes(vec![1, 0, 2])
    };
    let options = |name: &str| LoadOptions::prefix(format!("{name}/"));

    for (name, bias, activation) in
        [("rnn", true, Activation::Tanh), ("rnn_relu_no_bias", false, Activation::Relu)]
    {
        let cell = elman(&mut store, name, bias).with_activation(activation);
        keras::import(&cell, &mut store, &golden, &options(name)).unwrap();
        replay(&store, name, &|| outputs(&Recurrent(cell.clone()), &store, &input(name)));
    }
    let cell = an_lstm(&mut store, "lstm", lstm::Form::default());
    keras::import(&cell, &mut store, &golden, &options("lstm")).unwrap();
    replay(&store, "lstm", &|| outputs(&Recurrent(cell.clone()), &store, &input("lstm")));
    for (name, reset) in [("gru_after", gru::Reset::After), ("gru_before", gru::Reset::Before)] {
        let cell = a_gru(&mut store, name, gru::Form { reset, ..gru::Form::default() });
        keras::import(&cell, &mut store, &golden, &options(name)).unwrap();
        replay(&store, name, &|| outputs(&Recurrent(cell.clone()), &store, &input(name)));
    }
}

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

/// What becomes of an array of a file.
type Change<'a> = dyn Fn(&str, &ArrayD<f64>) -> Option<(String, ArrayD<f64>)> + 'a;

#[test]
fn a_file_with_wrong_missing_or_surplus_names_is_refused_whole() {
    let mut store = ParamStore::new();
    let cell = an_lstm(&mut store, "a", lstm::Form::default());
    let mut good = Archive::new();
    torch::export(&cell, &store, "m.", &mut good).unwrap();
    let before = bits(&store);
    let mut refused = |change: &Change<'_>| {
        let mut changed = Archive::new();
        for (name, array) in good.iter() {
            let array = array.mapv(|x| x + 1.0);
            if let Some((name, array)) = change(name, &array) {
                changed.insert(name, array).unwrap();
            }
        }
        let error = torch::import(&cell, &mut store, &changed, &LoadOptions::prefix("m."));
        assert!(bits(&store) == before);
        error.unwrap_err()
    };
    let keep = |name: &str, array: &ArrayD<f64>| Some((name.to_owned(), array.clone()));
    match refused(&|name, x| if name.ends_with("bias_hh_l0") { None } else { keep(name, x) }) {
        Error::WeightNames { missing, surplus } => {
            assert_eq!((missing, surplus), (vec!["m.bias_hh_l0".into()], vec![]));
        }
        other => panic!("{other}"),
    }
    match refused(&|name, x| keep(&name.replace("weight_ih_l0", "weight_ih_l1"), x)) {
        Error::WeightNames { missing, surplus } => {
            assert_eq!(missing, ["m.weight_ih_l0"]);
            assert_eq!(surplus, ["m.weight_ih_l1"]);
        }
        other => panic!("{other}"),
    }
    match refused(&|name, x| keep(name, &x.clone().reversed_axes())) {
        Error::WeightShape { name, found, expected } => {
            assert_eq!(name, "m.weight_hh_l0");
            assert_eq!((found, expected), (vec![2, 8], vec![8, 2]));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn nan_is_reported_and_loaded_on_request() {
    let mut store = ParamStore::new();
    let cell = an_lstm(&mut store, "a", lstm::Form::default());
    store.get_mut(cell.u)[[0, 1]] = f64::NAN;
    let mut archive = Archive::new();
    torch::export(&cell, &store, "", &mut archive).unwrap();
    store.get_mut(cell.u).fill(0.0);
    match torch::import(&cell, &mut store, &archive, &LoadOptions::default()).unwrap_err() {
        Error::NonFiniteWeights { names } => assert_eq!(names, ["weight_hh_l0"]),
        other => panic!("{other}"),
    }
    assert!(store.get(cell.u).iter().all(|&x| x == 0.0));
    let anyway = LoadOptions::default().non_finite(true);
    torch::import(&cell, &mut store, &archive, &anyway).unwrap();
    assert!(store.get(cell.u)[[0, 1]].is_nan());
}

#[test]
fn gates_stand_where_each_framework_has_them() {
    let mut store = ParamStore::new();
    let cell = Lstm::new(
        &mut store,
        "a",
        (1, 1),
        lstm::Form { peepholes: true, ..Default::default() },
        &NORMAL,
        &mut rng(1),
    );
    let cell = cell.unwrap();
    store.get_mut(cell.w).assign(&arr1(&[1.0, 2.0, 3.0, 4.0]).insert_axis(Axis(0))); // i f g o
    store.get_mut(cell.peepholes.unwrap()).assign(&arr1(&[1.0, 2.0, 4.0])); // i f o
    let mut archive = Archive::new();
    onnx::export(&cell, &store, "", &mut archive).unwrap();
    let numbers = |name: &str| archive.get(name).unwrap().iter().copied().collect::<Vec<_>>();
    assert_eq!(numbers("W"), [1.0, 4.0, 2.0, 3.0]); // i o f c
    assert_eq!(numbers("P"), [1.0, 4.0, 2.0]); // i o f
}
