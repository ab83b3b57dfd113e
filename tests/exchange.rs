//! A model trained here goes to PyTorch, and one made there comes here.
//!
//! `cargo test --test promises exchange` writes `for_torch.safetensors` into the directory of test files; `load_in_torch.py` beside
//! the golden files loads it into PyTorch's modules and compares what they compute. The way back is a recorded file.

use ndarray::{Array3, ArrayD, Zip};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Gru, Input, Linear, Lstm, ParamStore, Sequence,
    cells::{gru, lstm},
    init::Uniform,
    layers::{Bidirectional, Layer, Merge, Recurrent, Stack},
    optim::{Adam, Optimizer},
    weights::{Archive, LoadOptions, Portable, torch},
};
use std::path::Path;
use tape::{Tape, Var};

const LENGTHS: [usize; 3] = [7, 3, 9];
const STEPS: usize = 9;
const INPUTS: usize = 2;
const HIDDEN: usize = 6;

type Both = Bidirectional<Recurrent<Gru<f32>>, Recurrent<Gru<f32>>>;

/// The models that travel: two layers of GRUs in both directions, and an LSTM with a projection, each with a readout.
struct Models {
    store: ParamStore<f32>,
    grus: Vec<Both>,
    lstm: Recurrent<Lstm<f32>>,
    readouts: [Linear; 2],
}

impl Models {
    fn new(seed: u64) -> Self {
        let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(seed));
        let init = Uniform::recurrent(HIDDEN);
        let mut gru = |name: &str, inputs| {
            let form = gru::Form::default();
            Recurrent(Gru::new(&mut store, name, (inputs, HIDDEN), form, &init, &mut rng).unwrap())
        };
        let mut both = |name: &str, inputs| {
            let [there, back] = ["there", "back"].map(|way| gru(&format!("{name}.{way}"), inputs));
            Bidirectional::new(there, back, Merge::Concat)
        };
        let grus = vec![both("gru0", INPUTS), both("gru1", 2 * HIDDEN)];
        let form =
            lstm::Form { projection: Some(4), forget_bias: Some(1.0), ..lstm::Form::default() };
        let sizes = (INPUTS, HIDDEN);
        let lstm = Lstm::new(&mut store, "lstm", sizes, form, &init, &mut rng).unwrap();
        let readouts = [("gru_head", 2 * HIDDEN), ("lstm_head", 4)].map(|(name, width)| {
            Linear::new(&mut store, name, (width, 1), &init, &mut rng).unwrap()
        });
        Self { store, grus, lstm: Recurrent(lstm), readouts }
    }

    /// What both put out for inputs `[T, B, X]`: `[T, B, 1]` each.
    fn outputs<'t>(&self, p: Bound<'t, '_, f32>, x: &ArrayD<f32>) -> [Var<'t, f32>; 2] {
        let tape = p.tape();
        let xs = Sequence::time_major(Input::Dense(tape.constant(x))).with_lengths(&LENGTHS);
        let (xs, batch) = (xs.unwrap(), LENGTHS.len());
        let stack = self.grus.iter().cloned().fold(Stack::new(), Stack::then);
        let above = stack.run(p, &xs, &stack.zero_states(tape, batch)).outputs;
        let lstm = self.lstm.run(p, &xs, &self.lstm.zero_states(tape, batch)).outputs;
        [self.readouts[0].forward(p, above), self.readouts[1].forward(p, lstm)]
    }

    /// Learns to tell the sum of what it has seen.
    fn train(&mut self, x: &ArrayD<f32>) {
        let (tape, mut adam) = (Tape::new(), Adam::new(0.02));
        let losses: Vec<_> = (0..60)
            .map(|_| {
                let p = self.store.bind(&tape);
                let sums = tape.constant(x).cumsum(0).sum_axis(2);
                let wanted = sums.reshape([STEPS, LENGTHS.len(), 1]) * 0.3;
                let losses = self.outputs(p, x).map(|y| (y - wanted).square().mean());
                let loss = losses[0] + losses[1];
                adam.step(&mut self.store, &tape.backward(loss)).unwrap();
                loss.item()
            })
            .collect();
        assert!(losses[59] < losses[0] / 2.0, "{losses:?}");
    }

    fn export(&self) -> Archive<f32> {
        let (store, mut archive) = (&self.store, Archive::new());
        torch::export(&Layers(&self.grus), store, "gru.", &mut archive).unwrap();
        torch::export(&self.lstm, store, "lstm.", &mut archive).unwrap();
        torch::export_linear(&self.readouts[0], store, "gru_head.", &mut archive).unwrap();
        torch::export_linear(&self.readouts[1], store, "lstm_head.", &mut archive).unwrap();
        archive
    }

    fn import(&mut self, archive: &Archive<f32>) {
        let options = |prefix: &str| LoadOptions::prefix(prefix);
        let store = &mut self.store;
        torch::import(&Layers(&self.grus), store, archive, &options("gru.")).unwrap();
        torch::import(&self.lstm, store, archive, &options("lstm.")).unwrap();
        let [gru, lstm] = &self.readouts;
        torch::import_linear(gru, store, archive, &options("gru_head.")).unwrap();
        torch::import_linear(lstm, store, archive, &options("lstm_head.")).unwrap();
    }
}

/// Layers one above the other.
struct Layers<'a>(&'a [Both]);

impl Portable<f32> for Layers<'_> {
    fn layers(&self) -> Vec<rnn::weights::Directions<f32>> {
        self.0.layers()
    }
}

fn inputs() -> ArrayD<f32> {
    let wave = |(t, b, i)| ((t * 3 + b * 5 + i * 7) as f32 * 0.37).sin();
    Array3::from_shape_fn((STEPS, LENGTHS.len(), INPUTS), wave).into_dyn()
}

#[test]
fn a_trained_model_is_written_for_pytorch_and_read_back_the_same() {
    let (mut models, x) = (Models::new(1), inputs());
    models.train(&x);
    let outputs = |models: &Models| {
        let tape = Tape::new();
        models.outputs(models.store.bind(&tape), &x).map(|y| y.value())
    };
    let mut archive = models.export();
    let mut others = Models::new(2);
    assert_ne!(outputs(&others), outputs(&models));
    others.import(&archive);
    assert_eq!(outputs(&others), outputs(&models));

    let [gru, lstm] = outputs(&models);
    archive.insert("input", x.clone()).unwrap();
    archive.insert("gru_output", gru).unwrap();
    archive.insert("lstm_output", lstm).unwrap();
    let lengths = LENGTHS.map(|n| n.to_string()).join(" ");
    archive.metadata.insert("lengths".into(), lengths);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("for_torch.safetensors");
    archive.write(path).unwrap();
}

/// `from_torch.safetensors`: `golden/save_from_torch.py`.
#[test]
fn a_model_made_by_pytorch_computes_here_what_it_computed_there() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/from_torch.safetensors");
    let archive = Archive::<f32>::read(file).unwrap();
    let mut models = Models::new(3);
    models.import(&archive);
    let tape = Tape::new();
    let found = models.outputs(models.store.bind(&tape), archive.get("input").unwrap());
    for (name, got) in ["gru_output", "lstm_output"].into_iter().zip(found) {
        let wanted = archive.get(name).unwrap();
        assert_eq!(got.shape()[..], *wanted.shape());
        Zip::from(&got.value()).and(wanted).for_each(|got, wanted| {
            assert!((got - wanted).abs() <= 1e-6, "{name}: {got} for {wanted}");
        });
    }
}
