//! Training that was stopped goes on as if it had not been.

use ndarray::{ArrayD, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rnn::{
    ParamStore, clip,
    init::{Init, Normal},
    optim::{Adam, Optimizer, Sgd},
    weights::{Archive, LoadOptions},
};
use std::{fs, path::Path};
use tape::Tape;

fn model() -> ParamStore<f32> {
    let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(5));
    let mut normal = |shape: &[usize]| Normal { std: 1.0 }.sample(shape, &mut rng);
    store.add("cell.w", normal(&[3, 4])).unwrap();
    store.add("cell.b", normal(&[4])).unwrap();
    store.add("never.used", normal(&[])).unwrap();
    store
}

/// A training under way: hₜ = tanh(xₜ W + b ⊙ hₜ₋₁), with noise for inputs, one window of three steps per update and
/// the state carried from window to window.
struct Training<O> {
    store: ParamStore<f32>,
    optimizer: O,
    h: ArrayD<f32>,
    rng: ChaCha8Rng,
}

impl<O: Optimizer<f32>> Training<O> {
    fn new(optimizer: O) -> Self {
        let h = ArrayD::from_elem(IxDyn(&[2, 4]), 0.0);
        Self { store: model(), optimizer, h, rng: ChaCha8Rng::seed_from_u64(6) }
    }

    fn update(&mut self) {
        let tape = Tape::new();
        let bound = self.store.bind(&tape);
        let [w, b] = ["cell.w", "cell.b"].map(|name| bound.var(self.store.find(name).unwrap()));
        let mut h = tape.constant(&self.h);
        let mut loss = tape.constant(0.0);
        for _ in 0..3 {
            let x = ArrayD::from_shape_simple_fn(IxDyn(&[2, 3]), || self.rng.random::<f32>());
            h = (tape.constant(x).matmul(w) + h * b).tanh();
            loss = loss + (h - tape.constant(0.3)).square().sum();
        }
        let mut gradients = tape.backward(loss);
        self.h = h.value();
        let _ = clip::global_norm(&mut gradients, 1.0).unwrap();
        self.optimizer.step(&mut self.store, &gradients).unwrap();
    }

    fn save(&self, path: &Path) {
        let mut archive = Archive::new();
        archive.put_params("model.", &self.store).unwrap();
        self.optimizer.put_state("optimizer.", &self.store, &mut archive).unwrap();
        archive.insert("state.h", self.h.clone()).unwrap();
        archive.metadata.insert("random".into(), self.rng.get_word_pos().to_string());
        archive.write(path).unwrap();
    }

    fn load(&mut self, path: &Path) {
        let archive = Archive::read(path).unwrap();
        archive.restore_params(&mut self.store, &LoadOptions::prefix("model.")).unwrap();
        self.optimizer.restore_state("optimizer.", &self.store, &archive).unwrap();
        self.h = archive.get("state.h").unwrap().clone();
        self.rng.set_word_pos(archive.metadata["random"].parse().unwrap());
    }
}

#[test]
fn training_resumed_from_a_file_ends_in_the_same_file() {
    fn resumed<O: Optimizer<f32>>(name: &str, optimizer: impl Fn(f64) -> O) {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).unwrap();
        let [half, straight, resumed] =
            ["half", "straight", "resumed"].map(|name| directory.join(name));
        let mut training = Training::new(optimizer(0.05));
        for step in 0..20 {
            if step == 10 {
                training.save(&half);
            }
            training.update();
        }
        training.save(&straight);

        let mut training = Training::new(optimizer(1.0));
        training.load(&half);
        for _ in 10..20 {
            training.update();
        }
        training.save(&resumed);
        assert!(fs::read(&straight).unwrap() == fs::read(&resumed).unwrap(), "{name}");
        assert!(fs::read(&straight).unwrap() != fs::read(&half).unwrap());
    }
    resumed("resume-adam", Adam::new);
    resumed("resume-sgd", |rate| Sgd::new(rate).momentum(0.9).nesterov(true));
}
