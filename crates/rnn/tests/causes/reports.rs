//! Other sources, and other forms of a report.

use super::learner::{Mistake, asked, judged, learner, scaled, truth};
use ndarray::{ArrayD, array};
use rnn::{
    ParamStore,
    compare::{Inquiry, Named, views},
};

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
