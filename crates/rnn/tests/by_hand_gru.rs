//! The four GRUs derived on paper: held against numbers made by others, against differences of their loss, and against
//! the tape.

use crate::{common, golden};
use common::{
    Arrays, assert_agree,
    on_tape::{every_window, load, swept},
    questions::{asked_of, every_problem, every_truncation, problem, title},
    twin::{assert_windows, derived, differences, owned},
    wave,
};
use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2, s};
use rand::SeedableRng;
use rnn::{
    ParamStore, bptt,
    by_hand::{
        gru::{Gru, Parameters, Reset, Update},
        loss::Loss,
        recurrence::Problem,
    },
    cells::gru,
    init::Uniform,
};

const VARIANTS: [(Reset, Update); 4] = [
    (Reset::After, Update::Keep),
    (Reset::After, Update::Replace),
    (Reset::Before, Update::Keep),
    (Reset::Before, Update::Replace),
];

/// X = 3, H = 4.
fn small((reset, update): (Reset, Update)) -> Gru<f64> {
    let matrix =
        |rows, columns, k| Array2::from_shape_fn((rows, columns), |(i, j)| 0.9 * wave(i, j, k));
    let row = |n, k| Array1::from_shape_fn(n, |i| 0.8 * wave(i, 0, k));
    let (w, u, b, b_n) = (matrix(3, 12, 1), matrix(4, 12, 2), row(12, 3), row(4, 4));
    Gru { parameters: Parameters { w, u, b, b_n }, reset, update }
}

fn posed(case: &golden::cells::Gated) -> (Gru<f64>, Problem<f64, 1>) {
    let get = |name: &str| case.arrays[name].clone();
    let matrix = |a: ArrayD<f64>| a.into_dimensionality::<Ix2>().unwrap();
    let row = |a: ArrayD<f64>| a.into_dimensionality::<Ix1>().unwrap();
    let b_n = case.arrays.get("b_n").cloned().map_or(Array1::zeros(4), row);
    let parameters = Parameters { w: matrix(get("w")), u: matrix(get("u")), b: row(get("b")), b_n };
    let (reset, update) = match case.name.as_str() {
        "gru_reset_after_z_keep" => VARIANTS[0],
        "gru_reset_after_z_update" => VARIANTS[1],
        "gru_reset_before_z_keep" => VARIANTS[2],
        "gru_reset_before_z_update" => VARIANTS[3],
        other => panic!("{other}"),
    };
    let loss = Loss::SquaredError { half: true, targets: case.targets.clone() };
    let problem = Problem::new(case.inputs.clone(), [matrix(get("h0"))], loss);
    (Gru { parameters, reset, update }, problem)
}

#[test]
fn it_agrees_with_the_closed_form() {
    let cases = golden::cells::closed_form("gru");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let (cell, problem) = posed(&case);
        case.assert(&derived(&cell, &problem));
    }
}

#[test]
fn every_variant_is_the_slope_of_its_loss() {
    // Where nothing is optimised, a third of the problems for each variant, and each problem for some variant.
    let one_in = if cfg!(debug_assertions) { 3 } else { 1 };
    for (n, variant) in VARIANTS.into_iter().enumerate() {
        let cell = small(variant);
        for problem in every_problem([4], 4).into_iter().skip(n % one_in).step_by(one_in) {
            let (got, want) = (derived(&cell, &problem), differences(&cell, &problem));
            assert_agree(&got, &want, 1e-9, format!("{variant:?}, {}", title(&problem)));
        }
    }
}

#[test]
fn every_variant_is_cut_where_its_windows_are() {
    for variant in VARIANTS {
        for readout in [false, true] {
            let mut problem = asked_of([4], 7, readout);
            for truncation in every_truncation(8) {
                problem.truncation = truncation;
                assert_windows(&small(variant), &problem);
            }
        }
    }
}

#[test]
fn what_keeps_and_what_replaces_are_one_gate_with_its_sign_turned() {
    for reset in [Reset::After, Reset::Before] {
        let (keep, mut replace) = (small((reset, Update::Keep)), small((reset, Update::Replace)));
        let Parameters { w, u, b, .. } = &mut replace.parameters;
        w.slice_mut(s![.., 4..8]).mapv_inplace(|x| -x);
        u.slice_mut(s![.., 4..8]).mapv_inplace(|x| -x);
        b.slice_mut(s![4..8]).mapv_inplace(|x| -x);
        let problem = problem([4], 5);
        let (want, mut got) = (derived(&keep, &problem), derived(&replace, &problem));
        for name in ["w", "u", "b"] {
            let turned = got.get_mut(name).unwrap();
            let mut z = turned.slice_each_axis_mut(|axis| match axis.len {
                12 => ndarray::Slice::from(4..8),
                _ => ndarray::Slice::from(..),
            });
            z.mapv_inplace(|x| -x);
        }
        assert_agree(&got, &want, 1e-12, format!("{reset:?}"));
    }
}

#[test]
fn the_reset_before_and_after_are_two_cells() {
    let problem = problem([4], 5);
    let loss = |reset| derived(&small((reset, Update::Keep)), &problem)["loss"].sum();
    assert!((loss(Reset::After) - loss(Reset::Before)).abs() > 1e-2);
    let before = derived(&small((Reset::Before, Update::Keep)), &problem);
    assert!(before["b_n"].iter().all(|&g| g == 0.0));
}

/// What the tape and the paper give.
fn both(
    variant: (Reset, Update),
    bias: bool,
    problem: &Problem<f64, 1>,
    truncation: bptt::Truncation,
) -> (Arrays, Arrays) {
    let (mut cell, mut store) = (small(variant), ParamStore::new());
    let form = gru::Form {
        bias,
        reset: match variant.0 {
            Reset::After => gru::Reset::After,
            Reset::Before => gru::Reset::Before,
        },
        update: match variant.1 {
            Update::Keep => gru::Update::Keep,
            Update::Replace => gru::Update::Replace,
        },
        ..gru::Form::default()
    };
    let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let tape = gru::Gru::new(&mut store, "rnn", (3, 4), form, &Uniform::recurrent(4), rng).unwrap();
    if !bias {
        cell.parameters.b.fill(0.0);
        cell.parameters.b_n.fill(0.0);
    }
    load(&mut store, &owned(cell.parameters.named()));
    let got = swept(&tape, &store, ["h0"], problem, truncation);
    let mut want = derived(&cell, problem);
    want.retain(|name, _| match name.as_str() {
        "b" => bias,
        "b_n" => bias && variant.0 == Reset::After,
        _ => true,
    });
    (got, want)
}

#[test]
fn the_tape_gives_what_the_paper_gives() {
    for variant in VARIANTS {
        for bias in [true, false] {
            for problem in every_problem([4], 5) {
                let (got, want) = both(variant, bias, &problem, bptt::Truncation::Full);
                let what = format!("{variant:?}, bias {bias}, {}", title(&problem));
                assert_agree(&got, &want, 1e-12, what);
            }
        }
    }
}

#[test]
fn every_window_of_the_tape_is_that_of_the_paper() {
    for variant in VARIANTS {
        for readout in [false, true] {
            let mut problem = asked_of([4], 7, readout);
            for (window, paper, whole) in every_window(7) {
                problem.truncation = paper;
                let (mut got, mut want) = both(variant, true, &problem, window);
                for arrays in [&mut got, &mut want] {
                    arrays.retain(|name, _| name != "loss" && (whole || name != "inputs"));
                }
                assert_agree(&got, &want, 1e-12, format!("{variant:?}, {}", title(&problem)));
            }
        }
    }
}
