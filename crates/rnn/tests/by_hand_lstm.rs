//! The LSTM derived on paper, with every variant: held against numbers made by others, against differences of its
//! loss, and against the tape.

#![allow(clippy::unwrap_used)] // a test may

mod common;
mod golden;

use common::{
    assert_agree,
    questions::{every_problem, linear, problem, title},
    twin::{assert_windows, derived, differences},
    wave,
};
use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};
use rnn::by_hand::{
    loss::Loss,
    lstm::Lstm,
    recurrence::{Problem, forward},
    truncation::{Injected, Truncation, Window},
};

/// X = 3, H = 3, and R = 2 with a projection. Each variant is given by what is there of it.
fn small(peepholes: bool, projection: bool, coupled: bool, clip: bool) -> Lstm<f64> {
    let matrix =
        |rows, columns, k| Array2::from_shape_fn((rows, columns), |(i, j)| 0.9 * wave(i, j, k));
    let row = |n, k| Array1::from_shape_fn(n, |i| 0.8 * wave(i, 0, k));
    let width = if projection { 2 } else { 3 };
    let mut cell = Lstm::new(matrix(3, 12, 1), matrix(width, 12, 2), row(12, 3));
    if peepholes {
        let parameters = &mut cell.parameters;
        (parameters.p_i, parameters.p_f, parameters.p_o) = (row(3, 4), row(3, 5), row(3, 6));
    }
    if projection {
        cell.parameters.projection = Some(matrix(3, 2, 7));
    }
    cell.coupled = coupled;
    if clip {
        cell.clip = 0.35;
    }
    cell
}

fn widths(cell: &Lstm<f64>) -> [usize; 2] {
    [cell.parameters.u.nrows(), 3]
}

/// All sixteen.
fn every_variant() -> Vec<Lstm<f64>> {
    let bit = |n: usize, k: usize| n >> k & 1 == 1;
    (0..16).map(|n| small(bit(n, 0), bit(n, 1), bit(n, 2), bit(n, 3))).collect()
}

fn posed(case: &golden::cells::Gated) -> (Lstm<f64>, Problem<f64, 2>) {
    let array = |name: &str| case.arrays.get(name).cloned();
    let matrix = |a: ArrayD<f64>| a.into_dimensionality::<Ix2>().unwrap();
    let row = |a: ArrayD<f64>| a.into_dimensionality::<Ix1>().unwrap();
    let get = |name| array(name).unwrap();
    let mut cell = Lstm::new(matrix(get("w")), matrix(get("u")), row(get("b")));
    if let (Some(p_i), Some(p_f), Some(p_o)) = (array("p_i"), array("p_f"), array("p_o")) {
        let parameters = &mut cell.parameters;
        (parameters.p_i, parameters.p_f, parameters.p_o) = (row(p_i), row(p_f), row(p_o));
    }
    cell.parameters.projection = array("p").map(matrix);
    let loss = Loss::SquaredError { half: true, targets: case.targets.clone() };
    let start = [matrix(get("h0")), matrix(get("c0"))];
    (cell, Problem::new(case.inputs.clone(), start, loss))
}

#[test]
fn it_agrees_with_the_closed_form() {
    let cases = golden::cells::closed_form("lstm");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let (cell, problem) = posed(&case);
        case.assert(&derived(&cell, &problem));
    }
}

/// How far the memory is from where the clip begins, at its nearest.
fn kink(cell: &Lstm<f64>, problem: &Problem<f64, 2>) -> f64 {
    let run = forward(cell, problem);
    let steps = run.kept.iter().zip(&run.states);
    let unclipped = steps.flat_map(|(kept, [_, c])| &kept.f * c + &kept.i * &kept.g);
    unclipped.fold(f64::INFINITY, |nearest, c| nearest.min((c.abs() - cell.clip).abs()))
}

#[test]
fn kinks() {
    for k in 15..60 {
        let mut row = vec![];
        for mut cell in every_variant().into_iter().filter(|cell| cell.clip.is_finite()) {
            cell.clip = k as f64 / 100.0;
            row.push((kink(&cell, &problem(widths(&cell), 4))*1000.0).round());
        }
        eprintln!("{k} {row:?}");
    }
}

#[test]
fn every_variant_is_the_slope_of_its_loss() {
    for (n, cell) in every_variant().into_iter().enumerate() {
        assert!(kink(&cell, &problem(widths(&cell), 4)) > 0.04, "variant {n:04b}");
        for problem in every_problem(widths(&cell), 4).into_iter().skip(n % 4).step_by(4) {
            let (got, want) = (derived(&cell, &problem), differences(&cell, &problem));
            assert_agree(&got, &want, 1e-9, format!("variant {n:04b}, {}", title(&problem)));
        }
    }
}

#[test]
fn every_variant_is_cut_where_its_windows_are() {
    let all = Window { injected: Injected::All, ..Window::new(2, 4) };
    let lost = Window { flush: false, ..Window::new(3, 5) };
    for (n, cell) in every_variant().into_iter().enumerate() {
        let mut problem = problem(widths(&cell), 7);
        if n % 2 == 1 {
            (problem.readout, problem.loss) =
                (Some(linear(widths(&cell)[0])), common::questions::loss(n, 7, 3));
        }
        for k1 in 1..=8 {
            for k2 in 1..=8 {
                problem.truncation = Truncation::Fixed(Window::new(k1, k2));
                assert_windows(&cell, &problem);
            }
            problem.truncation = Truncation::Blocks(k1);
            assert_windows(&cell, &problem);
        }
        for window in [all, lost] {
            problem.truncation = Truncation::Fixed(window);
            assert_windows(&cell, &problem);
        }
    }
}

#[test]
fn a_window_as_long_as_the_sequence_is_no_truncation() {
    let cell = small(true, true, false, false);
    let mut problem = problem([2, 3], 7);
    let full = derived(&cell, &problem);
    problem.truncation = Truncation::Fixed(Window::new(7, 7));
    assert_eq!(derived(&cell, &problem), full);
    problem.truncation = Truncation::Fixed(Window::new(2, 6));
    assert_ne!(derived(&cell, &problem), full);
}

#[test]
fn the_clip_holds_some_of_the_memory_and_lets_the_rest_go() {
    for cell in every_variant().into_iter().filter(|cell| cell.clip.is_finite()) {
        let states = forward(&cell, &problem(widths(&cell), 4)).states;
        let memory: Vec<f64> = states[1..].iter().flat_map(|[_, c]| c.iter().copied()).collect();
        let held = memory.iter().filter(|c| c.abs() == cell.clip).count();
        assert!(held > 2 && held < memory.len() - 2, "{held} of {}", memory.len());
        assert!(memory.iter().all(|c| c.abs() <= cell.clip));
    }
}

#[test]
fn coupled_gates_share_out_one_whole() {
    let cell = small(true, false, true, false);
    let kept = forward(&cell, &problem([3, 3], 4)).kept;
    assert!(kept.iter().all(|gates| (&gates.i + &gates.f).iter().all(|&sum| sum == 1.0)));
}

#[test]
fn what_is_not_read_has_no_gradient() {
    let cell = small(true, false, true, false);
    let got = derived(&cell, &problem([3, 3], 4));
    assert!(got["p_f"].iter().all(|&g| g == 0.0));
    assert!(got["b"].iter().skip(3).take(3).all(|&g| g == 0.0));
    assert!(got["b"].iter().take(3).all(|&g| g != 0.0));
}
