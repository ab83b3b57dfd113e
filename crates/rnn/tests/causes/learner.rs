//! A backward pass of its own, with at most one mistake.

use crate::common;
use ndarray::{Array1, Array2, Axis};
use rnn::{
    by_hand::elman::{Activation, Parameters, Problem, forward, gradients},
    compare::{Cause, Inquiry, Named, Report, suspects, views},
};

/// One line of the backward pass gone wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mistake {
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

pub(super) const STEPS: usize = 7;

pub(super) fn asked() -> (Parameters<f64>, Problem<f64>) {
    let loss = common::squared_error(true, STEPS);
    (common::parameters(), common::problem(Activation::Tanh, loss, STEPS))
}

/// Backpropagation through time of tanh and half the squared error, with at most one mistake.
pub(super) fn learner(
    parameters: &Parameters<f64>,
    problem: &Problem<f64>,
    mistake: Mistake,
) -> Named {
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

pub(super) fn truth() -> Named {
    let (parameters, problem) = asked();
    let right = gradients(&parameters, &problem);
    right.named().map(|(name, array)| (name.to_owned(), array.to_owned())).to_vec()
}

pub(super) fn inquiry() -> Inquiry {
    let (parameters, problem) = asked();
    Inquiry::new().with_lengths(STEPS, 2).with_suspects(suspects::elman(&parameters, &problem))
}

pub(super) fn judged(wrong: &Named) -> Report {
    let right = truth();
    inquiry().compare(views(wrong), views(&right))
}

pub(super) fn scaled(report: &Report) -> (f64, Vec<String>) {
    match report.cause() {
        Some(Cause::Scaled { factor, readings }) => (*factor, readings.clone()),
        other => panic!("{other:?}\n{report}"),
    }
}
