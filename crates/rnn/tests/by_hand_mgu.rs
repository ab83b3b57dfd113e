//! The MGU derived on paper: held against numbers made by others, against differences of its loss, and against the
//! tape.

use crate::{common, golden};
use common::{
    Arrays, assert_agree,
    on_tape::{every_window, load, swept},
    questions::{asked_of, every_problem, every_truncation, title},
    twin::{assert_windows, derived, differences, owned},
    wave,
};
use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};
use rand::SeedableRng;
use rnn::{
    ParamStore, bptt,
    by_hand::{
        loss::Loss,
        mgu::{Mgu, Parameters},
        recurrence::Problem,
    },
    cells::mgu,
    init::Uniform,
};

/// X = 3, H = 4.
fn small() -> Mgu<f64> {
    let matrix =
        |rows, columns, k| Array2::from_shape_fn((rows, columns), |(i, j)| 0.9 * wave(i, j, k));
    let b = Array1::from_shape_fn(8, |i| 0.8 * wave(i, 0, 3));
    Mgu { parameters: Parameters { w: matrix(3, 8, 1), u: matrix(4, 8, 2), b } }
}

fn posed(case: &golden::cells::Gated) -> (Mgu<f64>, Problem<f64, 1>) {
    let get = |name: &str| case.arrays[name].clone();
    let matrix = |a: ArrayD<f64>| a.into_dimensionality::<Ix2>().unwrap();
    let b = get("b").into_dimensionality::<Ix1>().unwrap();
    let parameters = Parameters { w: matrix(get("w")), u: matrix(get("u")), b };
    let loss = Loss::SquaredError { half: true, targets: case.targets.clone() };
    let problem = Problem::new(case.inputs.clone(), [matrix(get("h0"))], loss);
    (Mgu { parameters }, problem)
}

#[test]
fn it_agrees_with_the_closed_form() {
    let cases = golden::cells::closed_form("mgu");
    assert_eq!(cases.len(), 1);
    for case in cases {
        let (cell, problem) = posed(&case);
        case.assert(&derived(&cell, &problem));
    }
}

#[test]
fn it_is_the_slope_of_its_loss() {
    let cell = small();
    for problem in every_problem([4], 4) {
        let (got, want) = (derived(&cell, &problem), differences(&cell, &problem));
        assert_agree(&got, &want, 1e-9, title(&problem));
    }
}

#[test]
fn it_is_cut_where_its_windows_are() {
    for readout in [false, true] {
        let mut problem = asked_of([4], 7, readout);
        for truncation in every_truncation(8) {
            problem.truncation = truncation;
            assert_windows(&small(), &problem);
        }
    }
}

/// What the tape and the paper give.
fn both(bias: bool, problem: &Problem<f64, 1>, truncation: bptt::Truncation) -> (Arrays, Arrays) {
    let (mut cell, mut store) = (small(), ParamStore::new());
    let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let tape = mgu::Mgu::new(&mut store, "rnn", (3, 4), bias, &Uniform::recurrent(4), rng).unwrap();
    if !bias {
        cell.parameters.b.fill(0.0);
    }
    load(&mut store, &owned(cell.parameters.named()));
    let (got, mut want) =
        (swept(&tape, &store, ["h0"], problem, truncation), derived(&cell, problem));
    if !bias {
        want.remove("b");
    }
    (got, want)
}

#[test]
fn the_tape_gives_what_the_paper_gives() {
    for bias in [true, false] {
        for problem in every_problem([4], 5) {
            let (got, want) = both(bias, &problem, bptt::Truncation::Full);
            assert_agree(&got, &want, 1e-12, format!("bias {bias}, {}", title(&problem)));
        }
    }
}

#[test]
fn every_window_of_the_tape_is_that_of_the_paper() {
    for readout in [false, true] {
        let mut problem = asked_of([4], 7, readout);
        for (window, paper, whole) in every_window(7) {
            problem.truncation = paper;
            let (mut got, mut want) = both(true, &problem, window);
            for arrays in [&mut got, &mut want] {
                arrays.retain(|name, _| name != "loss" && (whole || name != "inputs"));
            }
            assert_agree(&got, &want, 1e-12, title(&problem));
        }
    }
}
