//! Mistakes that the two arrays alone give away.

use super::learner::{judged, scaled, truth};
use crate::common;
use ndarray::{Array2, ArrayD, Axis, array};
use rnn::compare::{Cause, Charge, Inquiry, Named, views};

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
