//! Clipping inside the recurrence, regularizers, and where learning starts.

use crate::posed::golden_problem;
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Slice, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Cell, Elman, Gru, Input, Lstm, ParamStore,
    by_hand::elman::{backward, forward},
    cells::{gru, lstm},
    clip::{Counts, InTime},
    init::{Identity, Init, Orthogonal, Uniform, Zeros},
    regularize::{OmegaForm, activation, omega, temporal_activation},
    unroll,
};
use tape::{Clip, Tape, Var};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(8)
}

/// h′ = 2h + x for two units, whose adjoints double with every step back.
fn doubling() -> (ParamStore<f64>, Elman<f64>) {
    let mut store = ParamStore::new();
    let init = Identity { scale: 2.0 };
    let cell = Elman::without_bias(&mut store, "rnn", (2, 2), &init, &mut rng()).unwrap();
    (store, cell.with_activation(Activation::Identity))
}

/// dL/dh₀ after four steps, when L is ⟨seed, h₄⟩.
fn sent_back<C>(cell: &C, store: &ParamStore<f64>, seed: Array2<f64>) -> ArrayD<f64>
where
    for<'t> C: Cell<f64, State<'t> = Var<'t, f64>>,
{
    let tape = Tape::new();
    let xs = Input::Dense(tape.constant(Array3::zeros((4, 2, 2))));
    let h0 = tape.leaf(Array2::zeros((2, 2)));
    let last = unroll(cell, store.bind(&tape), &xs, h0).last().unwrap();
    tape.backward_from(&[(last, &seed.into_dyn())])[h0].clone()
}

#[test]
fn a_row_is_clipped_at_every_step_and_its_neighbour_is_not() {
    let (store, inner) = doubling();
    let counts = Counts::new();
    let cell = InTime::new(inner, Clip::RowNorm(5.0)).counted(&counts);
    // Rows of length 5 and ¼: the first is cut back to 5 at t = 3, 2 and 1; the second never reaches it.
    let dh0 = sent_back(&cell, &store, array![[3.0, 4.0], [0.0, 0.25]]);
    assert!((dh0 - array![[6.0, 8.0], [0.0, 4.0]].into_dyn()).iter().all(|x| x.abs() < 1e-14));
    assert_eq!((counts.seen(), counts.clipped(), counts.largest()), (8, 3, 10.0));
    assert_eq!(counts.rate(), 3.0 / 8.0);
    counts.reset();
    assert_eq!((counts.seen(), counts.clipped(), counts.largest()), (0, 0, 0.0));
}

#[test]
fn all_rows_together_and_single_entries_can_be_clipped_as_well() {
    let (store, inner) = doubling();
    let counts = Counts::new();
    let cell = InTime::new(inner.clone(), Clip::Norm(5.0)).counted(&counts);
    let dh0 = sent_back(&cell, &store, array![[3.0, 0.0], [0.0, 4.0]]);
    assert!((dh0 - array![[6.0, 0.0], [0.0, 8.0]].into_dyn()).iter().all(|x| x.abs() < 1e-14));
    assert_eq!((counts.seen(), counts.clipped()), (4, 3));
    counts.reset();
    let cell = InTime::new(inner, Clip::Value(5.0)).counted(&counts);
    let dh0 = sent_back(&cell, &store, array![[1.0, 4.0], [0.0, -3.0]]);
    assert_eq!(dh0, array![[10.0, 10.0], [0.0, -10.0]].into_dyn());
    // 1, 2, 4, 8: one; 4, 8, 10, 10: three; 0: none; 3, 6, 10, 10: three.
    assert_eq!((counts.seen(), counts.clipped()), (16, 7));
}

#[test]
fn a_bound_that_is_never_met_changes_no_bit() {
    let mut store = ParamStore::new();
    let init = Uniform { bound: 0.9 };
    let inner = Elman::new(&mut store, "rnn", (2, 2), &init, &mut rng()).unwrap();
    let seed = array![[0.3, -0.4], [1.5, 0.25]];
    let plain = sent_back(&inner, &store, seed.clone());
    let counts = Counts::new();
    let bounded = InTime::new(inner.clone(), Clip::RowNorm(1e9));
    assert_eq!(sent_back(&bounded, &store, seed.clone()), plain);
    assert_eq!(sent_back(&bounded.counted(&counts), &store, seed.clone()), plain);
    assert_eq!((counts.seen(), counts.clipped()), (8, 0));
    // And one that is met leaves the forward pass alone.
    let tight = InTime::new(inner, Clip::RowNorm(1e-9));
    assert_ne!(sent_back(&tight, &store, seed), plain);
}

#[test]
fn both_parts_of_a_memory_are_clipped_by_themselves() {
    let mut store = ParamStore::new();
    let form = lstm::Form::default();
    let inner = Lstm::new(&mut store, "rnn", (1, 1), form, &Zeros, &mut rng()).unwrap();
    let counts = Counts::new();
    let cell = InTime::new(inner, Clip::RowNorm(1.0)).counted(&counts);
    let tape = Tape::new();
    let xs = Input::Dense(tape.constant(Array3::zeros((3, 1, 1))));
    let start = (tape.leaf(array![[0.0]]), tape.leaf(array![[0.0]]));
    let (_, c) = unroll(&cell, store.bind(&tape), &xs, start).last().unwrap();
    let gradients = tape.backward_from(&[(c, &array![[8.0]].into_dyn())]);
    // f = σ(0) = ½: 8 → 1 → ½ → ¼, and out through the first step once more halved.
    assert_eq!(gradients[start.1], array![[0.125]].into_dyn());
    assert_eq!(counts.clipped(), 1);
    assert_eq!(counts.largest(), 8.0);
}

/// What is left of the golden sequence of seven steps: U, the δₜ and the daₜ for t = 2 … 7.
fn swept_golden() -> (Array2<f64>, Vec<ArrayD<f64>>, Vec<ArrayD<f64>>) {
    let (parameters, problem) = golden_problem("tanh", 7);
    let adjoints = backward(&parameters, &problem, &forward(&parameters, &problem));
    let deltas = adjoints.total[FIRST..].iter().map(|d| d.clone().into_dyn()).collect();
    let das = adjoints.da[FIRST - 1..].iter().map(|d| d.clone().into_dyn()).collect();
    (parameters.u, deltas, das)
}

/// The first step whose Jacobian counts.
const FIRST: usize = 2;

#[test]
fn omega_of_the_golden_sequence_is_the_known_one() {
    let (u, deltas, das) = swept_golden();
    let tape = Tape::new();
    let u = tape.leaf(u);
    let paper = omega(u, &deltas, &das, OmegaForm::Paper);
    assert!((paper.item() / 4.083694902253294 - 1.0).abs() < 1e-12, "{}", paper.item());
    let gradient = tape.backward(paper)[u].sum();
    assert!((gradient / 9.511384993269342 - 1.0).abs() < 1e-12, "{gradient}");
    let code = omega(u, &deltas, &das, OmegaForm::Code).item();
    assert!((code / 0.9235866584105139 - 1.0).abs() < 1e-12, "{code}");
}

#[test]
fn an_adjoint_of_nothing_has_no_direction_to_keep() {
    let tape = Tape::<f64>::new();
    let u = tape.leaf(Array2::zeros((2, 2)));
    let (zero, one) = (array![[0.0, 0.0]].into_dyn(), array![[1.0, 0.0]].into_dyn());
    // Nothing arrives; a dead unit passes nothing; U = 0 sends nothing back.
    let sum = omega(
        u,
        &[zero.clone(), one.clone(), one.clone()],
        &[zero.clone(), zero, one],
        OmegaForm::Paper,
    );
    assert_eq!(sum.item(), 2.0);
    assert!(tape.backward(sum)[u].iter().all(|x| x.is_finite()));
}

#[test]
fn activations_are_held_small_and_slow() {
    let tape = Tape::<f64>::new();
    let h = tape.leaf(array![[[1.0, -2.0]], [[3.0, 0.0]], [[3.0, 1.0]]]);
    let (ar, tar) = (activation(h), temporal_activation(h));
    assert_eq!(ar.item(), (1.0 + 4.0 + 9.0 + 9.0 + 1.0) / 6.0);
    assert_eq!(tar.item(), (4.0 + 4.0 + 0.0 + 1.0) / 4.0);
    // d/dh₁ of TAR at the middle step, unit 0: 2(h₂ − h₁) − 2(h₃ − h₂), over four.
    assert_eq!(tape.backward(tar)[h][[1, 0, 0]], (2.0 * 2.0 - 0.0) / 4.0);
    let once = tape.leaf(array![[[1.0, -2.0]]]);
    assert_eq!(temporal_activation(once).item(), 0.0);
}

fn blocks(b: &ArrayD<f64>, hidden: usize, k: usize) -> Array1<f64> {
    let part = b.slice_axis(Axis(0), Slice::from(k * hidden..(k + 1) * hidden));
    part.to_owned().into_dimensionality().unwrap()
}

#[test]
fn chrono_spreads_the_forget_gates_and_shuts_the_input_gates_as_far() {
    let mut store = ParamStore::new();
    let form = lstm::Form::default();
    let cell =
        Lstm::new(&mut store, "rnn", (2, 50), form, &Uniform { bound: 0.1 }, &mut rng()).unwrap();
    let before = store.get(cell.b.unwrap()).clone();
    cell.chrono(&mut store, 60.0, &mut rng()).unwrap();
    let after = store.get(cell.b.unwrap());
    let (i, f) = (blocks(after, 50, 0), blocks(after, 50, 1));
    assert_eq!(i, -&f);
    assert!(f.iter().all(|&b| (0.0..=59.0_f64.ln()).contains(&b)));
    assert!(f.iter().copied().fold(0.0, f64::max) > 50.0_f64.ln(), "long times are among them");
    for k in 2..4 {
        assert_eq!(blocks(after, 50, k), blocks(&before, 50, k), "other gates stay");
    }
}

#[test]
fn chrono_keeps_whatever_a_gru_calls_keeping() {
    let bias = |update| {
        let mut store = ParamStore::new();
        let form = gru::Form { update, ..gru::Form::default() };
        let cell = Gru::new(&mut store, "rnn", (2, 20), form, &Zeros, &mut rng()).unwrap();
        cell.chrono(&mut store, 30.0, &mut rng()).unwrap();
        let b = store.get(cell.b.unwrap()).clone();
        assert!(blocks(&b, 20, 0).iter().chain(&blocks(&b, 20, 2)).all(|&x| x == 0.0));
        blocks(&b, 20, 1)
    };
    let keep = bias(gru::Update::Keep);
    assert!(keep.iter().all(|&b| b > 0.0));
    assert_eq!(bias(gru::Update::Replace), -&keep);
}

#[test]
fn chrono_refuses_a_cell_without_a_bias() {
    let mut store = ParamStore::<f64>::new();
    let form = lstm::Form { bias: false, ..lstm::Form::default() };
    let cell = Lstm::new(&mut store, "rnn", (2, 3), form, &Zeros, &mut rng()).unwrap();
    let refused = cell.chrono(&mut store, 60.0, &mut rng()).unwrap_err();
    assert!(refused.to_string().contains("without a bias"), "{refused}");
}

#[test]
fn an_irnn_copies_its_state() {
    let mut store = ParamStore::<f64>::new();
    let cell = Elman::irnn(&mut store, "rnn", (3, 4), 1.0, &mut rng()).unwrap();
    let tape = Tape::new();
    let xs = Input::Dense(tape.constant(Array3::zeros((9, 1, 3))));
    let start = tape.leaf(array![[0.5, 0.0, 2.0, 1.0]]);
    let last = unroll(&cell, store.bind(&tape), &xs, start).last().unwrap();
    assert_eq!(last.value(), start.value());
    let w = store.get(cell.w);
    assert!(w.iter().all(|x| x.abs() < 0.005) && w.iter().any(|&x| x != 0.0));
}

#[test]
fn every_gate_has_an_orthogonal_matrix_of_its_own() {
    let mut store = ParamStore::<f64>::new();
    let form = gru::Form::default();
    let cell = Gru::new(&mut store, "rnn", (8, 8), form, &OrthogonalWeights, &mut rng()).unwrap();
    let u = store.get(cell.u);
    let gate = |k: usize| -> Array2<f64> {
        let block = u.slice_axis(Axis(1), Slice::from(8 * k..8 * (k + 1)));
        block.to_owned().into_dimensionality().unwrap()
    };
    for k in 0..3 {
        let apart = gate(k).t().dot(&gate(k)) - Array2::<f64>::eye(8);
        assert!(apart.iter().all(|x| x.abs() < 1e-12), "gate {k}");
    }
    assert_ne!(gate(0), gate(1));
}

/// Orthogonal matrices, and biases of 0.
struct OrthogonalWeights;

impl Init for OrthogonalWeights {
    fn sample<T: tape::Real>(&self, shape: &[usize], rng: &mut impl rand::Rng) -> ArrayD<T> {
        if shape.len() == 2 {
            Orthogonal::default().sample(shape, rng)
        } else {
            Zeros.sample(shape, rng)
        }
    }
}
