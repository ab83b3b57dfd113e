//! Every typical mistake is recognised, and none is named where there is none.
//!
//! The mistakes are made here by a backward pass of its own, with one line wrong; the suspects that they are recognised by
//! are made elsewhere, from the right ingredients.

mod arrays;
mod learner;
mod lstm;
mod reports;

use learner::{Mistake, STEPS, asked, judged, learner};
use rnn::{
    by_hand::elman::{Problem, Readout, gradients},
    compare::{Cause, Report},
};

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

#[test]
fn two_mistakes_are_two_charges() {
    let (parameters, problem) = asked();
    let mut wrong = learner(&parameters, &problem, Mistake::StateLate);
    wrong[0].1 *= 2.0;
    let report = judged(&wrong);
    assert_eq!(report.charges.len(), 2, "{report}");
    assert_eq!(report.cause(), None);
}
