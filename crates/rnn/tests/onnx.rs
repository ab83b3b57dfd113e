//! Every attribute of ONNX's recurrent operators is done, or refused by its name.

use ndarray::{ArrayD, IxDyn};
use rnn::{
    Activation, Error, ParamStore,
    cells::gru::Reset,
    weights::{
        Archive, LoadOptions,
        onnx::{Attributes, Cells, Direction, Op, Value, export},
    },
};

type Said = (&'static str, Value);

fn read(op: Op, said: &[Said]) -> Result<Attributes<f64>, String> {
    Attributes::read(op, said.iter().cloned()).map_err(|error| error.to_string())
}

fn texts(names: &[&str]) -> Value {
    Value::Texts(names.iter().map(ToString::to_string).collect())
}

#[test]
fn every_attribute_is_done() {
    let node = read(
        Op::Lstm,
        &[
            ("hidden_size", Value::Int(3)),
            ("direction", Value::Text("bidirectional".into())),
            ("input_forget", Value::Int(1)),
            ("layout", Value::Int(1)),
            ("output_sequence", Value::Int(1)),
            (
                "activations",
                texts(&["HardSigmoid", "ScaledTanh", "Relu", "Sigmoid", "Elu", "Affine"]),
            ),
            ("activation_alpha", Value::Floats(vec![0.25, 2.0, 0.5])),
            ("activation_beta", Value::Floats(vec![0.75, 3.0])),
        ],
    )
    .unwrap();
    assert_eq!((node.hidden_size, node.direction), (Some(3), Direction::Bidirectional));
    assert!(node.input_forget && node.batch_major);
    // Each takes the next α and the next β, if it has one; the others leave them for those behind.
    assert_eq!(
        format!("{:?}", node.activations),
        "[HardSigmoid(0.25, 0.75), ScaledTanh(2, 3), Relu, Sigmoid, Elu(0.5), Affine(1, 0)]"
    );
    assert!(read(Op::Gru, &[("linear_before_reset", Value::Int(1))]).unwrap().linear_before_reset);
    let usual = read(Op::Rnn, &[("activations", texts(&["leakyrelu"]))]).unwrap().activations;
    assert!(matches!(usual[..], [Activation::LeakyRelu { alpha: 0.01 }]));
}

#[test]
fn what_is_not_done_is_refused_by_name() {
    let refused = |op, name: &'static str, value: Value, begin: &str| {
        let text = read(op, &[(name, value)]).unwrap_err();
        assert!(text.starts_with(begin), "{text}");
    };
    refused(
        Op::Lstm,
        "clip",
        Value::Float(3.0),
        "ONNX LSTM: clip = 3 is refused: it bounds what goes into every activation",
    );
    refused(
        Op::Gru,
        "input_forget",
        Value::Int(1),
        "ONNX GRU: input_forget = 1 is refused: the operator has no attribute",
    );
    refused(
        Op::Lstm,
        "linear_before_reset",
        Value::Int(1),
        "ONNX LSTM: linear_before_reset = 1 is refused",
    );
    refused(
        Op::Rnn,
        "gates",
        Value::Int(3),
        "ONNX RNN: gates = 3 is refused: the operator has no attribute",
    );
    refused(Op::Rnn, "hidden_size", Value::Float(3.0), "ONNX RNN: hidden_size = 3 is refused");
    refused(
        Op::Rnn,
        "hidden_size",
        Value::Int(-3),
        "ONNX RNN: hidden_size = -3 is refused: it is the number of",
    );
    refused(
        Op::Rnn,
        "layout",
        Value::Int(2),
        "ONNX RNN: layout = 2 is refused: it is 0 (time first)",
    );
    refused(
        Op::Rnn,
        "direction",
        Value::Text("back".into()),
        "ONNX RNN: direction = \"back\" is refused: a node reads",
    );
    refused(
        Op::Rnn,
        "activations",
        texts(&["Sine"]),
        "ONNX RNN: activations = \"Sine\" is refused: there is no such",
    );
    refused(
        Op::Gru,
        "activations",
        texts(&["Tanh"]),
        "ONNX GRU: activations = [\"Tanh\"] is refused: the node has 2",
    );
    refused(
        Op::Rnn,
        "activation_alpha",
        Value::Text("1".into()),
        "ONNX RNN: activation_alpha = \"1\" is refused",
    );
    let alphas =
        [("activations", texts(&["Tanh"])), ("activation_alpha", Value::Floats(vec![1.0]))];
    let text = read(Op::Rnn, &alphas).unwrap_err();
    assert!(
        text.starts_with("ONNX RNN: activation_alpha = [1.0] is refused: there are more"),
        "{text}"
    );
}

fn weights(gates: usize, directions: usize) -> Archive<f64> {
    let mut weights = Archive::new();
    let mut add = |name: &str, shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        let numbers = (0..count).map(|k| k as f64 / 64.0).collect();
        weights.insert(name, ArrayD::from_shape_vec(IxDyn(shape), numbers).unwrap()).unwrap();
    };
    add("W", &[directions, gates * 2, 3]);
    add("R", &[directions, gates * 2, 2]);
    add("B", &[directions, gates * 4]);
    weights
}

#[test]
fn a_node_becomes_cells_and_they_the_same_node() {
    let said = [
        ("hidden_size", Value::Int(2)),
        ("direction", Value::Text("bidirectional".into())),
        ("linear_before_reset", Value::Int(1)),
        ("activations", texts(&["HardSigmoid", "Tanh", "Sigmoid", "Softsign"])),
        ("activation_alpha", Value::Floats(vec![0.25])),
        ("activation_beta", Value::Floats(vec![0.5])),
    ];
    let (node, mut store) = (read(Op::Gru, &said).unwrap(), ParamStore::new());
    let options = LoadOptions::default();
    let cells = node.cells(&mut store, "gru", &weights(3, 2), &options).unwrap();
    let Cells::Gru(both) = &cells else { panic!("a GRU") };
    assert_eq!((both.len(), both[1].form().reset), (2, Reset::After));
    assert_eq!(store.name(both[1].w), "gru_reverse.w");

    let mut written = Archive::new();
    let again = export(&cells, &store, "", &mut written).unwrap();
    assert_eq!(again.said(), said);
    assert_eq!(written.get("W"), weights(3, 2).get("W"));
    assert_eq!(written.get("R"), weights(3, 2).get("R"));
}

#[test]
fn weights_that_are_not_the_nodes_leave_the_store_as_it_was() {
    let mut store = ParamStore::new();
    let mut refused = |said: &[Said], weights: &Archive<f64>| {
        let node = read(Op::Lstm, said).unwrap();
        let error = node.cells(&mut store, "a", weights, &LoadOptions::default()).unwrap_err();
        assert!(store.is_empty());
        error
    };
    let both = ("direction", Value::Text("bidirectional".into()));
    match refused(&[both], &weights(4, 1)) {
        Error::WeightShape { name, found, expected } => {
            assert_eq!((&name[..], found, expected), ("W", vec![1, 8, 3], vec![2, 8, 3]));
        }
        other => panic!("{other}"),
    }
    assert!(matches!(
        refused(&[("hidden_size", Value::Int(3))], &weights(4, 1)),
        Error::WeightShape { .. }
    ));
    let mut surplus = weights(4, 1);
    surplus.insert("Q", ArrayD::zeros(IxDyn(&[1]))).unwrap();
    assert!(matches!(refused(&[], &surplus), Error::WeightNames { .. }));
    match refused(&[], &Archive::new()) {
        Error::WeightNames { missing, .. } => assert_eq!(missing, ["W"]),
        other => panic!("{other}"),
    }
}
