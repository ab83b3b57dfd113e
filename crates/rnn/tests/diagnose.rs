//! What is measured of a gradient's way through time is what is known of it on paper.

use crate::{common, golden};
use ndarray::{Array2, Array3, ArrayD, Axis, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Cell, Elman, Gru, Input, Lstm, ParamStore,
    bptt::Window,
    by_hand::{
        self,
        elman::{Problem, backward, forward, gradients},
    },
    cells::{gru, lstm},
    diagnose::{Unrolled, customary, jacobians, products, saturation},
    init::{Identity, Init, Orthogonal, Uniform, Zeros},
    spectral,
};
use std::ops::Range;
use tape::{Tape, Var};

const STEPS: usize = 6;

fn asked() -> (common::Network, Problem<f64>) {
    let loss = common::squared_error(true, STEPS);
    let problem = common::problem(by_hand::activation::Activation::Tanh, loss, STEPS);
    (common::Network::new(&common::parameters(), &problem), problem)
}

fn unrolled<'t>(
    network: &'t common::Network,
    tape: &'t Tape<f64>,
    steps: Range<usize>,
) -> Unrolled<'t, f64, Var<'t, f64>> {
    let p = network.store.bind(tape);
    let xs = network.inputs(tape, steps);
    Unrolled::new(&network.cell, p, &xs, p.var(network.h0), |t, h| {
        let shape = h.shape();
        network.loss(&network.store, h.reshape([1, shape[0], shape[1]]), t..t + 1)
    })
}

fn close(got: f64, want: f64) -> bool {
    (got - want).abs() <= 1e-12 * want.abs().max(1e-3)
}

/// h′ = a h + x, for one unit.
fn leaky(a: f64) -> (ParamStore<f64>, Elman<f64>) {
    let mut store = ParamStore::new();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let cell = Elman::without_bias(&mut store, "rnn", (1, 1), &Identity { scale: a }, &mut rng);
    (store, cell.unwrap().with_activation(Activation::Identity))
}

#[test]
fn a_linear_unit_fades_by_its_weight() {
    let (store, cell) = leaky(-0.5);
    let tape = Tape::new();
    let xs = Input::Dense(tape.constant(Array3::ones((5, 1, 1))));
    let run = Unrolled::new(&cell, store.bind(&tape), &xs, cell.zeros(&tape, 1), |_, h| h.sum());
    let flow = run.flow();
    for ((row, s), &norm) in flow.norms.indexed_iter() {
        let t = row + 1;
        assert_eq!(
            norm,
            if s > t { 0.0 } else { 0.5_f64.powi((t - s) as i32) },
            "t = {t}, s = {s}"
        );
    }
    assert_eq!(flow.by_lag(), [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125]);
    assert_eq!(flow.first_lag_below(0.1), Some(4));
    assert_eq!(flow.first_lag_below(0.01), None);
    assert_eq!(flow.share_older_than(0), 1.0);
    // Lag k occurs 5 times for k = 0, and 6 − k times for any other.
    let all: f64 = 5.0 + (1..=5).map(|k| f64::from(6 - k) * 0.5_f64.powi(k)).sum::<f64>();
    assert!(close(flow.share_older_than(5), 0.03125 / all));
    assert_eq!(flow.share_older_than(6), 0.0);
    assert_eq!(flow.heat_map().to_svg().matches("<rect x").count(), 2 + 3 + 4 + 5 + 6);
    assert_eq!(flow.to_string().lines().count(), 7);
}

#[test]
fn the_flow_of_a_batch_is_what_each_loss_sends_back_on_paper() {
    let (network, problem) = asked();
    let tape = Tape::new();
    let flow = unrolled(&network, &tape, 0..STEPS).flow();
    let parameters = common::parameters();
    for t in 1..=STEPS {
        // Lₜ alone, by a mask on all other steps.
        let mask =
            Array2::from_shape_fn((STEPS, 2), |(step, _)| f64::from(u8::from(step + 1 == t)));
        let problem = Problem { mask: Some(mask), ..problem.clone() };
        let adjoints = backward(&parameters, &problem, &forward(&parameters, &problem));
        for s in 0..=t {
            let want = adjoints.total[s].mapv(|x| x * x).sum().sqrt();
            assert!(close(flow.norms[[t - 1, s]], want), "t = {t}, s = {s}");
        }
    }
}

#[test]
fn direct_and_through_time_are_the_two_summands_on_paper() {
    let (network, problem) = asked();
    let tape = Tape::new();
    let parts = unrolled(&network, &tape, 0..STEPS).parts();
    let parameters = common::parameters();
    let adjoints = backward(&parameters, &problem, &forward(&parameters, &problem));
    let agree = |got: &ArrayD<f64>, want: &Array2<f64>| {
        got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-13)
    };
    for t in 1..=STEPS {
        assert!(agree(&parts.direct[t - 1], &adjoints.direct[t]), "direct, t = {t}");
        assert!(agree(&parts.total()[t - 1], &adjoints.total[t]), "total, t = {t}");
    }
    assert!(
        parts.through_time[STEPS - 1].iter().all(|&x| x == 0.0),
        "nothing follows the last step"
    );
    assert!(parts.through_time[0].iter().any(|&x| x != 0.0));
}

#[test]
fn a_memory_is_a_part_of_its_own() {
    // With o = σ(100) = 1 and g = 0 the memory is c′ = f c and h′ = tanh c′: h itself goes nowhere.
    let mut store = ParamStore::new();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let cell =
        Lstm::new(&mut store, "rnn", (1, 1), lstm::Form::default(), &Zeros, &mut rng).unwrap();
    store.get_mut(cell.b.unwrap()).assign(&array![-100.0, 1.0, 0.0, 100.0].into_dyn());
    let tape = Tape::new();
    let start = (tape.leaf(array![[0.3]]), tape.leaf(array![[0.2]]));
    let xs = Input::Dense(tape.constant(Array3::zeros((3, 1, 1))));
    let run = Unrolled::new(&cell, store.bind(&tape), &xs, start, |_, h| h.sum());
    let f = 1.0 / (1.0 + (-1.0_f64).exp());
    let slope = |c: f64| 1.0 - c.tanh().powi(2);
    let flow = run.flow();
    assert_eq!(flow.norms[[2, 3]], 1.0);
    for s in 0..3 {
        let want = slope(0.2 * f.powi(3)) * f.powi(3 - s);
        let got = flow.norms[[2, s as usize]];
        assert!((got - want).abs() < 1e-12, "s = {s}: {got} for {want}");
    }
}

/// (k1, k2) and the error of the truncated gradient of W, U and b, relative to the full one.
const KNOWN: [(usize, usize, f64, f64); 6] = [
    (1, 1, 3.7890504790392363, 0.149),
    (1, 3, 4.1325379845908925, 0.0040),
    (2, 2, 4.121903889503768, 0.052),
    (2, 4, 4.135074394046132, 0.0026),
    (3, 3, 4.181969328547478, 0.020),
    (3, 5, 4.1344821524246385, 0.0008),
];

#[test]
fn the_bias_of_a_window_is_the_known_one() {
    let golden::Elman { w, u, b, v, c, h0, inputs, target, .. } =
        golden::sequence("tanh", false, 7);
    let golden::Target::HalfSquaredError(targets) = target else { panic!() };
    let parameters = by_hand::elman::Parameters { w, u, b, v, c };
    let loss = by_hand::loss::Loss::SquaredError { half: true, targets };
    let problem = Problem::new(by_hand::activation::Activation::Tanh, inputs, h0, loss);
    let network = common::Network::new(&parameters, &problem);
    let tape = Tape::new();
    let run = unrolled(&network, &tape, 0..7);
    let of = [network.cell.w, network.cell.u, network.cell.b.unwrap()];
    for (k1, k2, norm, relative) in KNOWN {
        let window = Window::new(k1, k2).unwrap();
        let cut = run.truncated(window);
        let square: f64 = of.iter().flat_map(|&id| cut[id].iter().map(|x| x * x)).sum();
        assert!(close(square.sqrt(), norm), "({k1}, {k2})");
        let bias = run.bias(&[window], &of)[0];
        assert_eq!(bias.window, window);
        let digits = if relative < 0.01 { 4 } else { 3 };
        assert_eq!(format!("{:.digits$}", bias.relative), format!("{relative:.digits$}"));
        assert!(bias.cosine > 0.98 && bias.cosine < 1.0, "{bias:?}");
    }
    let whole = run.bias(&[Window::new(2, 7).unwrap()], &of)[0];
    assert!(whole.relative < 1e-14 && (whole.cosine - 1.0).abs() < 1e-14, "{whole:?}");
    let readout = run.bias(&[Window::new(1, 1).unwrap()], &[network.layer.v])[0];
    assert!(readout.relative < 1e-15, "the readout has no past: {readout:?}");
}

#[test]
fn the_unrolled_gradient_is_the_gradient() {
    let (network, problem) = asked();
    let tape = Tape::new();
    let run = unrolled(&network, &tape, 0..STEPS);
    let mut want = common::derived(&common::parameters(), &problem);
    want.remove("loss");
    common::assert_agree(&common::named(&network.store, &run.gradients()), &want, 1e-12, "full");
    let whole = run.truncated(Window::new(STEPS, STEPS).unwrap());
    common::assert_agree(&common::named(&network.store, &whole), &want, 1e-12, "one window");
    assert!(gradients(&common::parameters(), &problem).h0.iter().any(|&x| x != 0.0));
}

#[test]
fn a_linear_recurrence_stretches_by_the_powers_of_its_weights() {
    let mut store = ParamStore::new();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let cell = Elman::without_bias(&mut store, "rnn", (2, 3), &Uniform { bound: 0.9 }, &mut rng);
    let cell = cell.unwrap().with_activation(Activation::Identity);
    let xs = Array3::from_shape_fn((4, 2, 2), |(t, b, i)| common::wave(t, b, i));
    let all = jacobians(&cell, &store, &xs, &[ArrayD::zeros(vec![2, 3])]);
    let of_row: Vec<Array2<f64>> =
        all.iter().map(|j| j.index_axis(Axis(0), 1).to_owned()).collect();
    let w =
        store.get(cell.u).clone().into_dimensionality::<ndarray::Ix2>().unwrap().reversed_axes();
    let mut power = Array2::eye(3);
    for product in products(&of_row) {
        power = power.dot(&w);
        assert!(close(product.norm, spectral::norm(&power)), "{product:?}");
        assert!(
            close(product.radius, spectral::radius(&w).powi(product.lag as i32)),
            "{product:?}"
        );
    }
}

#[test]
fn a_jacobian_is_what_moving_the_state_does() {
    let mut store = ParamStore::new();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let init = Uniform { bound: 1.0 };
    let lstm = Lstm::new(&mut store, "l", (2, 2), lstm::Form::default(), &init, &mut rng).unwrap();
    let gru = Gru::new(&mut store, "g", (2, 4), gru::Form::default(), &init, &mut rng).unwrap();
    let start = |width: usize, k| {
        Array2::from_shape_fn((2, width), |(i, j)| common::wave(i, j, k)).into_dyn()
    };
    moved(&lstm, &store, &[start(2, 1), start(2, 2)]);
    moved(&gru, &store, &[start(4, 3)]);
}

fn moved<C: Cell<f64>>(cell: &C, store: &ParamStore<f64>, start: &[ArrayD<f64>]) {
    let xs = Array3::from_shape_fn((1, 2, 2), |(t, b, i)| common::wave(t, b, i));
    let jacobian = &jacobians(cell, store, &xs, start)[0];
    let after = |start: &[ArrayD<f64>]| -> Vec<f64> {
        let tape = Tape::new();
        let mut parts = start.iter();
        let state: C::State<'_> = rnn::State::build(&mut || tape.leaf(parts.next().unwrap()));
        let xs = Input::Dense(tape.constant(&xs));
        let run = Unrolled::new(cell, store.bind(&tape), &xs, state, |_, h| h.sum());
        let row = |part: &Var<'_, f64>| part.value().index_axis(Axis(0), 1).to_owned();
        run.state(1).iter().flat_map(row).collect()
    };
    let (mut column, h) = (0, 1e-5);
    for part in 0..start.len() {
        for j in 0..start[part].shape()[1] {
            let at = |by: f64| {
                let mut moved = start.to_vec();
                moved[part][[1, j]] += by;
                after(&moved)
            };
            for (i, (up, down)) in at(h).into_iter().zip(at(-h)).enumerate() {
                let slope = (up - down) / (2.0 * h);
                assert!((jacobian[[1, i, column]] - slope).abs() < 1e-9, "[{i}, {column}]");
            }
            column += 1;
        }
    }
    assert_eq!(column, 4);
}

#[test]
fn an_orthogonal_linear_recurrence_keeps_every_adjoint() {
    let u = Orthogonal::default().sample::<f64>(&[16, 16], &mut ChaCha8Rng::seed_from_u64(5));
    let u = u.into_dimensionality::<ndarray::Ix2>().unwrap();
    for product in products(&vec![u; 50]) {
        assert!((product.norm - 1.0).abs() < 1e-12 && (product.radius - 1.0).abs() < 1e-12);
    }
}

#[test]
fn gates_that_are_stuck_are_counted() {
    let mut store = ParamStore::new();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let cell =
        Lstm::new(&mut store, "rnn", (1, 2), lstm::Form::default(), &Zeros, &mut rng).unwrap();
    // i shut, f open in one unit of two, g at its middle, o in the middle of its range.
    let b = array![-9.0, -9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    store.get_mut(cell.b.unwrap()).assign(&b.into_dyn());
    let tape = Tape::new();
    let xs = Input::Dense(tape.constant(Array3::zeros((3, 2, 1))));
    let counted = saturation(&cell, store.bind(&tape), &xs, cell.zeros(&tape, 2), 0.1, customary);
    let of = |name| counted.iter().find(|gate| gate.name == name).unwrap();
    let shares = |name| (of(name).low, of(name).high);
    assert_eq!(shares("i"), (1.0, 0.0));
    assert_eq!(shares("f"), (0.0, 0.5));
    assert_eq!(shares("g"), (0.0, 0.0));
    assert_eq!(shares("o"), (0.0, 0.0));
    assert_eq!(shares("h"), (0.0, 0.0));
    assert!(counted.iter().all(|gate| gate.entries == 3 * 2 * 2));
}

#[test]
fn the_last_step_stands_leftmost_in_a_product() {
    let (first, last) = (array![[0.0, 1.0], [0.0, 0.0]], array![[1.0, 0.0], [0.0, 0.0]]);
    let both = products(&[first, last])[1]; // the other way round it would be 0
    assert!(both.radius == 0.0 && (both.norm - 1.0).abs() < 1e-12, "{both:?}");
}
