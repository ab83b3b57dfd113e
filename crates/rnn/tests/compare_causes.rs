//! Every typical mistake is recognised, and none is named where there is none.
//!
//! The mistakes are made here by a backward pass of its own, with one line wrong; the suspects that they are recognised by
//! are made elsewhere, from the right ingredients.

#![allow(clippy::unwrap_used)] // a test may

mod common;
mod golden;

use ndarray::{Array1, Array2, Array3, ArrayD, ArrayView2, Axis, array};
use rnn::{
    ParamStore,
    by_hand::{
        elman::{Activation, Parameters, Problem, Readout, forward, gradients},
        loss::Loss,
        lstm::Lstm,
        recurrence::{self, Recurrence, State},
    },
    compare::{Cause, Charge, Inquiry, Named, Report, suspects, views},
};

/// One line of the backward pass gone wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mistake {
    None,
    DirectOnly,
    CutEvery(usize),
    FollowOnly(usize),
    StateLate,
    StateEarly,
    InputLate,
    InputEarly,
    ReadoutEarly,
    ErrorLate,
    ErrorEarly,
    ForgetsSlope,
    AddsAnError,
}

const STEPS: usize = 7;

fn asked() -> (Parameters<f64>, Problem<f64>) {
    let loss = common::squared_error(true, STEPS);
    (common::parameters(), common::problem(Activation::Tanh, loss, STEPS))
}

/// Backpropagation through time of tanh and half the squared error, with at most one mistake.
fn learner(parameters: &Parameters<f64>, problem: &Problem<f64>, mistake: Mistake) -> Named {
    let run = forward(parameters, problem);
    let (h, x) = (&run.states, |t: usize| problem.inputs.index_axis(Axis(0), t - 1).to_owned());
    let nothing = || Array2::<f64>::zeros(run.errors[0].dim());
    let e = |t: usize| if (1..=STEPS).contains(&t) { run.errors[t - 1].clone() } else { nothing() };
    let e = |t: usize| match mistake {
        Mistake::ErrorLate => e(t - 1),
        Mistake::ErrorEarly => e(t + 1),
        _ => e(t),
    };
    let Parameters { w, u, b, v, c } = parameters;
    let (mut dw, mut du) = (Array2::zeros(w.dim()), Array2::zeros(u.dim()));
    let (mut db, mut dc) = (Array1::zeros(b.len()), Array1::zeros(c.len()));
    let (mut dv, mut dh0) = (Array2::zeros(v.dim()), Array2::zeros(h[0].dim()));
    // Each loss is sent back by itself, so that it can be followed as far as one likes.
    for loss in 1..=STEPS {
        let mut delta = e(loss).dot(&v.t());
        let read = if mistake == Mistake::ReadoutEarly { &h[loss - 1] } else { &h[loss] };
        dv += &read.t().dot(&e(loss));
        dc += &e(loss).sum_axis(Axis(0));
        for t in (1..=loss).rev() {
            let slope = h[t].mapv(|h| 1.0 - h * h);
            let da =
                if mistake == Mistake::ForgetsSlope && t < loss { delta } else { delta * slope };
            let of_input = match mistake {
                Mistake::InputLate if t == 1 => None,
                Mistake::InputLate => Some(x(t - 1)),
                Mistake::InputEarly => (t < STEPS).then(|| x(t + 1)),
                _ => Some(x(t)),
            };
            dw += &of_input.map_or(Array2::zeros(w.dim()), |x| x.t().dot(&da));
            let of_state = match mistake {
                Mistake::StateLate => Some(&h[t]),
                Mistake::StateEarly => t.checked_sub(2).map(|t| &h[t]),
                _ => Some(&h[t - 1]),
            };
            du += &of_state.map_or(Array2::zeros(u.dim()), |h| h.t().dot(&da));
            db += &da.sum_axis(Axis(0));
            delta = da.dot(&u.t());
            let stops = match mistake {
                Mistake::DirectOnly => true,
                Mistake::FollowOnly(k) => loss - t + 1 == k,
                Mistake::CutEvery(k) => (t - 1) % k == 0,
                _ => false,
            };
            if stops && t > 1 {
                break;
            }
            if t == 1 {
                dh0 += &delta;
            }
        }
    }
    if mistake == Mistake::AddsAnError {
        du[[1, 2]] += 1e-3;
    }
    let all = [("w", dw.into_dyn()), ("u", du.into_dyn()), ("b", db.into_dyn())];
    let rest = [("v", dv.into_dyn()), ("c", dc.into_dyn()), ("h0", dh0.into_dyn())];
    all.into_iter().chain(rest).map(|(name, array)| (name.to_owned(), array)).collect()
}

fn truth() -> Named {
    let (parameters, problem) = asked();
    let right = gradients(&parameters, &problem);
    right.named().map(|(name, array)| (name.to_owned(), array.to_owned())).to_vec()
}

fn inquiry() -> Inquiry {
    let (parameters, problem) = asked();
    Inquiry::new().with_lengths(STEPS, 2).with_suspects(suspects::elman(&parameters, &problem))
}

fn judged(wrong: &Named) -> Report {
    let right = truth();
    inquiry().compare(views(wrong), views(&right))
}

fn verdict(mistake: Mistake) -> Report {
    let (parameters, problem) = asked();
    judged(&learner(&parameters, &problem, mistake))
}

#[test]
fn without_a_mistake_there_is_no_cause() {
    let report = verdict(Mistake::None);
    assert!(report.agrees_within(1e-12), "{report}");
    assert_eq!(report.charges, []);
}

#[test]
fn every_mistake_in_time_is_called_by_its_name() {
    let off = |what| Cause::OffByOne { what };
    let cut = |k, blocks| Cause::Truncated { k, blocks };
    let mut cases = vec![
        (Mistake::DirectOnly, Cause::DirectPartOnly),
        (Mistake::StateLate, off("dU takes hₜ where hₜ₋₁ belongs")),
        (Mistake::StateEarly, off("dU takes hₜ₋₂ where hₜ₋₁ belongs")),
        (Mistake::InputLate, off("dW takes xₜ₋₁ where xₜ belongs")),
        (Mistake::InputEarly, off("dW takes xₜ₊₁ where xₜ belongs")),
        (Mistake::ReadoutEarly, off("dV takes hₜ₋₁ where hₜ belongs")),
        (Mistake::ErrorLate, off("the error of step t − 1 enters at t")),
        (Mistake::ErrorEarly, off("the error of step t + 1 enters at t")),
    ];
    for k in 2..STEPS {
        cases.push((Mistake::FollowOnly(k), cut(k, false)));
        cases.push((Mistake::CutEvery(k), cut(k, true)));
    }
    for (mistake, cause) in cases {
        let report = verdict(mistake);
        assert!(!report.agrees_within(1e-6), "{mistake:?} makes no difference");
        assert_eq!(report.cause(), Some(&cause), "{mistake:?}\n{report}");
        assert!(report.to_string().contains(&format!("likely cause: {cause}")), "{report}");
    }
}

#[test]
fn what_is_none_of_them_is_called_none_of_them() {
    for mistake in [Mistake::ForgetsSlope, Mistake::AddsAnError] {
        let report = verdict(mistake);
        assert!(!report.agrees_within(1e-6), "{mistake:?} makes no difference");
        assert!(
            report.charges.iter().all(|charge| charge.cause.is_none()),
            "{mistake:?}\n{report}"
        );
        assert!(report.to_string().contains("\nno known cause ("), "{report}");
    }
}

#[test]
fn a_gradient_of_the_wrong_state_is_recognised_as_a_whole() {
    let (parameters, problem) = asked();
    let wrong = gradients(&parameters, &Problem { readout: Readout::Before, ..problem });
    let wrong = wrong.named().map(|(name, array)| (name.to_owned(), array.to_owned())).to_vec();
    let what = "the loss reads hₜ₋₁ where hₜ belongs";
    assert_eq!(judged(&wrong).cause(), Some(&Cause::OffByOne { what }));
}

fn scaled(report: &Report) -> (f64, Vec<String>) {
    match report.cause() {
        Some(Cause::Scaled { factor, readings }) => (*factor, readings.clone()),
        other => panic!("{other:?}\n{report}"),
    }
}

#[test]
fn a_factor_is_read_as_what_it_may_be() {
    let times = |factor: f64| -> Named {
        truth().into_iter().map(|(name, array)| (name, factor * array)).collect()
    };
    for (factor, readings) in [
        (7.0, &["T"][..]),
        (1.0 / 7.0, &["1/T"]),
        (2.0, &["2", "B"]),
        (0.5, &["1/2", "1/B"]),
        (14.0, &["T·B"]),
        (-1.0, &["−1"]),
        (1.37, &[]),
    ] {
        let report = judged(&times(factor));
        let (found, read) = scaled(&report);
        assert!((found / factor - 1.0).abs() < 1e-12);
        assert_eq!(read, readings, "{report}");
    }
}

#[test]
fn a_transpose_is_seen_in_square_and_other_arrays() {
    let mut wrong = truth();
    for (name, array) in &mut wrong {
        if *name == "u" || *name == "w" {
            *array = array.t().to_owned();
        }
    }
    let report = judged(&wrong);
    let arrays = vec!["w".to_owned(), "u".to_owned()];
    assert_eq!(report.charges, [Charge { cause: Some(Cause::Transposed), arrays }], "{report}");
}

#[test]
fn a_parameter_without_a_gradient_is_said_to_have_none() {
    let mut wrong = truth();
    wrong[3].1.fill(0.0);
    assert_eq!(judged(&wrong).cause(), Some(&Cause::Nothing));
}

#[test]
fn two_mistakes_are_two_charges() {
    let (parameters, problem) = asked();
    let mut wrong = learner(&parameters, &problem, Mistake::StateLate);
    wrong[0].1 *= 2.0;
    let report = judged(&wrong);
    assert_eq!(report.charges.len(), 2, "{report}");
    assert_eq!(report.cause(), None);
}

/// Four gates of three units.
fn gated() -> Named {
    let array = |rows: usize, k| {
        Array2::from_shape_fn((rows, 12), |(i, j)| common::wave(i, j, k)).into_dyn()
    };
    vec![("w".into(), array(2, 1)), ("u".into(), array(3, 2)), ("h".into(), array(1, 3))]
}

#[test]
fn two_swapped_gates_are_named_and_reported_block_by_block() {
    let right = gated();
    let mut wrong = right.clone();
    for (_, array) in &mut wrong[..2] {
        let (f, o) = (array.clone(), array.clone());
        let part = |from: usize| ndarray::Slice::from(from..from + 3);
        array.slice_axis_mut(Axis(1), part(3)).assign(&o.slice_axis(Axis(1), part(9)));
        array.slice_axis_mut(Axis(1), part(9)).assign(&f.slice_axis(Axis(1), part(3)));
    }
    let inquiry = Inquiry::new().with_gates(&["w", "u"], &["i", "f", "g", "o"]);
    let report = inquiry.compare(views(&wrong), views(&right));
    let gates = ["f".to_owned(), "o".to_owned()];
    assert_eq!(report.cause(), Some(&Cause::GatesSwapped { gates }), "{report}");
    let apart: Vec<_> = report
        .rows
        .iter()
        .filter(|row| row.finding.relative() > 0.0)
        .map(|row| &*row.name)
        .collect();
    assert_eq!(apart, ["w", "w[f]", "w[o]", "u", "u[f]", "u[o]"]);
    assert!(report.rows.iter().all(|row| row.name != "h[i]"), "h has no gates");
}

/// An LSTM on paper that forgets what comes back through one part of its state.
struct Forgetful(Lstm<f64>, usize);

impl Recurrence<f64, 2> for Forgetful {
    type Parameters = <Lstm<f64> as Recurrence<f64, 2>>::Parameters;
    type Kept = <Lstm<f64> as Recurrence<f64, 2>>::Kept;

    fn no_gradient(&self) -> Self::Parameters {
        self.0.no_gradient()
    }
    fn step(&self, x: ArrayView2<'_, f64>, s: &State<f64, 2>) -> (State<f64, 2>, Self::Kept) {
        self.0.step(x, s)
    }
    fn step_back(
        &self,
        x: ArrayView2<'_, f64>,
        before: &State<f64, 2>,
        after: &State<f64, 2>,
        kept: &Self::Kept,
        delta: State<f64, 2>,
        sum: &mut Self::Parameters,
    ) -> (Array2<f64>, State<f64, 2>) {
        let (dx, mut back) = self.0.step_back(x, before, after, kept, delta, sum);
        back[self.1].fill(0.0);
        (dx, back)
    }
}

#[test]
fn the_forgotten_half_of_an_lstm_is_found_by_the_tape() {
    let array = |rows, columns, k| {
        Array2::from_shape_fn((rows, columns), |(i, j)| 0.7 * common::wave(i, j, k))
    };
    let b = array(1, 12, 3).row(0).to_owned();
    let hand = Lstm::new(array(2, 12, 1), array(3, 12, 2), b);
    let mut store = ParamStore::new();
    let form = rnn::cells::lstm::Form::default();
    let mut rng: rand_chacha::ChaCha8Rng = rand::SeedableRng::seed_from_u64(1);
    let cell =
        rnn::Lstm::new(&mut store, "rnn", (2, 3), form, &rnn::init::Zeros, &mut rng).unwrap();
    *store.get_mut(cell.w) = hand.parameters.w.clone().into_dyn();
    *store.get_mut(cell.u) = hand.parameters.u.clone().into_dyn();
    *store.get_mut(cell.b.unwrap()) = hand.parameters.b.clone().into_dyn();

    let inputs = Array3::from_shape_fn((5, 2, 2), |(t, i, j)| common::wave(t, i, j));
    let targets = Array3::from_shape_fn((5, 2, 3), |(t, i, j)| common::wave(j, t, i));
    let start = [array(2, 3, 4), array(2, 3, 5)];
    let loss = Loss::SquaredError { half: true, targets: targets.clone() };
    let problem = recurrence::Problem::new(inputs.clone(), start.clone(), loss);
    let as_stored = |p: &rnn::by_hand::lstm::Parameters<f64>| -> Named {
        let named = p.named().into_iter().take(3);
        named.map(|(name, array)| (format!("rnn.{name}"), array.to_owned())).collect()
    };
    let right = as_stored(&recurrence::gradients(&hand, &problem).parameters);
    let start = start.map(Array2::into_dyn);
    let suspects = suspects::of_cell(&cell, &store, &inputs, &start, |p, t, h| {
        h.half_squared_error(p.tape().constant(targets.index_axis(Axis(0), t)))
    });
    let inquiry = Inquiry::new().with_suspects(suspects.unwrap());
    for part in 0..2 {
        let forgetful = Forgetful(hand.clone(), part);
        let wrong = as_stored(&recurrence::gradients(&forgetful, &problem).parameters);
        let report = inquiry.compare(views(&wrong), views(&right));
        assert_eq!(report.cause(), Some(&Cause::MissingRecurrentTerm { part }), "{report}");
    }
    for (k, truncation) in
        [(1, 1), (3, 3)].map(|(k, n)| (k, rnn::by_hand::truncation::Truncation::Blocks(n)))
    {
        let cut = recurrence::Problem { truncation, ..problem.clone() };
        let wrong = as_stored(&recurrence::gradients(&hand, &cut).parameters);
        let report = inquiry.compare(views(&wrong), views(&right));
        let cause =
            if k == 1 { Cause::DirectPartOnly } else { Cause::Truncated { k, blocks: true } };
        assert_eq!(report.cause(), Some(&cause), "{report}");
    }
}

#[test]
fn a_sequence_that_stands_one_step_aside_is_seen() {
    let da: Vec<ArrayD<f64>> =
        (0..5).map(|t| array![common::wave(t, 0, 0), 1.0].into_dyn()).collect();
    let (late, early) = ([&da[..1], &da[..4]].concat(), [&da[1..], &da[..1]].concat());
    let cut = [vec![ArrayD::zeros(vec![2]); 3], da[3..].to_vec()].concat();
    let expect = |wrong: &[ArrayD<f64>], cause: Option<Cause>| {
        let empty = Inquiry::new().compare::<&str, &str>([], []);
        let report = Inquiry::new().with_sequences(
            empty,
            1,
            [("da", wrong.iter().map(|a| a.view()).collect())],
            [("da", da.iter().map(|a| a.view()).collect())],
        );
        assert_eq!(report.cause(), cause.as_ref(), "{report}");
    };
    expect(&late, Some(Cause::OffByOne { what: "the sequence stands one step late" }));
    expect(&early, Some(Cause::OffByOne { what: "the sequence stands one step early" }));
    expect(&cut, Some(Cause::Truncated { k: 2, blocks: false }));
    let noise: Vec<_> = da.iter().map(|a| a + 0.1).collect();
    expect(&noise, None);
}

#[test]
fn finite_differences_can_be_judged_too() {
    let mut store = ParamStore::new();
    store.add("w", array![0.5, -1.0, 2.0].into_dyn()).unwrap();
    let found = rnn::compare::differences(&store, |store| {
        Ok(store.iter().map(|(_, _, w)| w.mapv(f64::sin).sum()).sum())
    });
    let right: Named = vec![("w".into(), array![0.5_f64, -1.0, 2.0].mapv(f64::cos).into_dyn())];
    let inquiry = Inquiry::new().with_tolerance(1e-8);
    let found = found.unwrap();
    assert!(inquiry.compare(views(&found), views(&right)).agrees_within(1e-8));
    let halved: Named = vec![("w".into(), 0.5 * &found[0].1)];
    let (_, readings) = scaled(&inquiry.compare(views(&halved), views(&right)));
    assert_eq!(readings, ["1/2"]);
}

#[test]
fn the_report_is_json_that_others_can_read() {
    let (parameters, problem) = asked();
    let mut wrong = learner(&parameters, &problem, Mistake::DirectOnly);
    wrong[4].1[0] = f64::NAN;
    wrong.push(("a \"name\"\n".into(), array![1.0].into_dyn()));
    let report = judged(&wrong);
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["agree"], false);
    assert_eq!(json["causes"][0]["cause"], "direct part only: nothing comes back through time");
    assert_eq!(json["causes"][0]["arrays"], serde_json::json!(["w", "u", "b", "h0"]));
    assert_eq!(json["rows"][4]["absolute"], "inf");
    assert_eq!(json["rows"][6]["name"], "a \"name\"\n");
    assert_eq!(json["rows"][6]["problem"], "missing on the right");
    let absolute = json["rows"][1]["absolute"].as_f64().unwrap();
    let rnn::compare::Finding::Compared(u) = &report.rows[1].finding else { panic!() };
    assert_eq!(absolute, u.absolute);
}

#[test]
fn the_picture_has_a_square_for_every_row_and_step() {
    let (parameters, problem) = asked();
    let wrong = learner(&parameters, &problem, Mistake::FollowOnly(3));
    let steps: Vec<ArrayD<f64>> = (0..5).map(|t| array![f64::from(t)].into_dyn()).collect();
    let views_of = || [("da", steps.iter().map(|a| a.view()).collect::<Vec<_>>())];
    let report = judged(&wrong).with_sequences(1, views_of(), views_of());
    assert_eq!(report.to_svg().matches("<rect x").count(), 6 + 5);
    assert!(!report.charges.is_empty(), "added rows leave the charges");
}

#[test]
fn numbers_from_a_file_are_held_against_the_truth() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = dir.join("judged_gradients.safetensors");
    let mut archive = rnn::weights::Archive::new();
    for (name, array) in truth() {
        archive.insert(name, 7.0 * array).unwrap();
    }
    archive.write(&path).unwrap();
    let (_, readings) = scaled(&judged(&rnn::compare::read(&path).unwrap()));
    assert_eq!(readings, ["T"]);
    assert!(rnn::compare::read(dir.join("no_such_gradients")).is_err());
}
