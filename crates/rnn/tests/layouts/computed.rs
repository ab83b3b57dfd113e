//! The same weights compute the same, wherever they lie.

use super::{NORMAL, a_gru, an_lstm, elman, rng};
use ndarray::{Array3, ArrayD, Axis, IxDyn, arr1};
use rnn::{
    Activation, Input, Lstm, ParamStore, Sequence,
    cells::{gru, lstm},
    layers::{Layer, Recurrent},
    weights::{Archive, LoadOptions, keras, onnx, torch},
};
use std::path::Path;
use tape::Tape;

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
