//! A report says what agrees, what does not, and where two gradients first part.

use ndarray::{ArrayD, ArrayViewD, array};
use rnn::{
    by_hand::{
        elman::{Activation, Parameters, Problem, backward, forward, gradients},
        loss::Loss,
        truncation::Truncation,
    },
    compare::{Finding, Report, compare},
};

fn pair() -> [(&'static str, ArrayD<f64>); 2] {
    [("w", array![[1.0, 2.0], [3.0, 4.0]].into_dyn()), ("b", array![0.5, -0.5].into_dyn())]
}

type Named<'a> = (&'static str, ArrayViewD<'a, f64>);

fn views<'a>(arrays: &'a [(&'static str, ArrayD<f64>)]) -> Vec<Named<'a>> {
    arrays.iter().map(|(name, array)| (*name, array.view())).collect()
}

#[test]
fn equal_gradients_agree_to_the_last_bit() {
    let report = compare(views(&pair()), views(&pair()));
    assert!(report.agrees_within(0.0));
    assert!(report.to_string().ends_with("\nagree to 0.0e0"), "{report}");
}

#[test]
fn the_order_of_names_does_not_matter() {
    let (left, mut right) = (pair(), pair());
    right.reverse();
    assert!(compare(views(&left), views(&right)).agrees_within(0.0));
}

#[test]
fn a_tolerance_is_a_bound_and_not_a_wish() {
    let (left, mut right) = (pair(), pair());
    right[0].1[[0, 1]] += 4e-9;
    let report = compare(views(&left), views(&right));
    assert!(report.agrees_within(1.1e-9) && !report.agrees_within(0.9e-9));
    assert!(report.to_string().contains("part at w[0, 1]: 2 against 2.000000004"), "{report}");
    let report = report.with_tolerance(1e-8);
    assert!(report.to_string().ends_with("agree to 1.0e-9"), "{report}");
}

#[test]
fn a_missing_name_is_reported_on_its_side() {
    let (left, right) = (pair(), pair());
    let report = compare(views(&left[..1]), views(&right[1..]));
    let findings: Vec<_> = report.rows.iter().map(|row| (&*row.name, &row.finding)).collect();
    assert_eq!(findings, [("w", &Finding::MissingRight), ("b", &Finding::MissingLeft)]);
    assert!(!report.agrees_within(f64::MAX));
    assert!(report.to_string().ends_with("part at w: missing on the right"), "{report}");
}

#[test]
fn a_transposed_gradient_is_another_shape() {
    let (left, right) = (ArrayD::<f64>::zeros(vec![2, 3]), ArrayD::<f64>::zeros(vec![3, 2]));
    let report = compare([("u", left.view())], [("u", right.view())]);
    assert!(!report.agrees_within(f64::MAX));
    assert!(report.to_string().ends_with("part at u: shape [2, 3] against [3, 2]"), "{report}");
}

#[test]
fn not_a_number_is_never_agreed_upon() {
    let nan = array![f64::NAN].into_dyn();
    assert!(!compare([("x", nan.view())], [("x", nan.view())]).agrees_within(f64::MAX));
}

#[test]
fn the_columns_stand_under_their_titles() {
    let (left, mut right) = (pair(), pair());
    right[1].1[0] = -0.25;
    let text = compare(views(&left), views(&right)).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let upto = |line: &str, cell: &str| line.find(cell).map(|at| at + cell.len());
    for (title, cell) in [("absolute", "7.5e-1"), ("relative", "1.5e0"), ("cosine", "0.316228")] {
        assert_eq!(upto(lines[0], title), upto(lines[2], cell), "{text}");
    }
    assert_eq!(lines[0].find("worst"), lines[2].find("[0]"), "{text}");
}

/// Five steps of tanh, and its adjoints under a truncation.
fn run(truncation: Truncation) -> (Vec<ArrayD<f64>>, Vec<ArrayD<f64>>) {
    let wave = |i: usize| (1.0 + 1.3 * i as f64).sin();
    let parameters = Parameters {
        w: ndarray::Array2::from_shape_fn((1, 2), |(_, j)| wave(j)),
        u: ndarray::Array2::from_shape_fn((2, 2), |(i, j)| wave(5 + 2 * i + j)),
        b: array![0.1, -0.2],
        v: ndarray::Array2::eye(2),
        c: array![0.0, 0.0],
    };
    let inputs = ndarray::Array3::from_shape_fn((5, 1, 1), |(t, ..)| wave(20 + t));
    let targets = ndarray::Array3::zeros((5, 1, 2));
    let loss = Loss::SquaredError { half: true, targets };
    let problem = Problem::new(Activation::Tanh, inputs, ndarray::Array2::zeros((1, 2)), loss);
    let problem = Problem { truncation, ..problem };
    let adjoints = backward(&parameters, &problem, &forward(&parameters, &problem));
    let whole = gradients(&parameters, &problem);
    let named = whole.named().into_iter().map(|(_, g)| g.to_owned()).collect();
    (named, adjoints.da.into_iter().map(|da| da.into_dyn()).collect())
}

fn all(arrays: &[ArrayD<f64>]) -> Vec<ArrayViewD<'_, f64>> {
    arrays.iter().map(|array| array.view()).collect()
}

#[test]
fn blocks_of_three_part_from_the_truth_where_the_first_block_ends() {
    let (full, full_da) = run(Truncation::Full);
    let (cut, cut_da) = run(Truncation::Blocks(3));
    let names = ["w", "u", "b", "v", "c", "h0"];
    let report: Report =
        compare(names.into_iter().zip(all(&full)), names.into_iter().zip(all(&cut)))
            .with_sequences(1, [("da", all(&full_da))], [("da", all(&cut_da))]);
    let first = report.first_apart(1e-12).unwrap();
    assert_eq!((&*first.name, first.step), ("da", Some(3)));
    let steps = report.rows.iter().filter_map(|row| row.step);
    assert_eq!(steps.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(report.to_string().ends_with("on the way back first at da at t = 3"), "{report}");
}

#[test]
fn sequences_of_different_length_are_reported() {
    let a = array![1.0].into_dyn();
    let report = compare::<&str, &str>([], []).with_sequences(
        1,
        [("da", vec![a.view(), a.view()])],
        [("da", vec![a.view()])],
    );
    assert_eq!(report.rows[0].finding, Finding::ShapesDiffer { left: vec![2], right: vec![1] });
    assert!(!report.agrees_within(f64::MAX));
}
