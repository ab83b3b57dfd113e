//! The LSTM derived on paper, with every variant: held against numbers made by others, against differences of its
//! loss, and against the tape.

use crate::{common, golden};
use common::{
    Arrays, assert_agree,
    on_tape::{every_window, load, swept},
    questions::{asked_of, every_problem, every_truncation, problem, title},
    twin::{assert_windows, derived, differences, owned},
    wave,
};
use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2, Slice, concatenate};
use rand::SeedableRng;
use rnn::{
    ParamStore, bptt,
    by_hand::{
        loss::Loss,
        lstm::Lstm,
        recurrence::{Problem, forward},
        truncation::{Truncation, Window},
    },
    cells::lstm,
    init::Uniform,
};

/// X = 3, H = 3, and R = 2 with a projection. Each variant is given by what is there of it.
fn small(peepholes: bool, projection: bool, coupled: bool, clip: Option<f64>) -> Lstm<f64> {
    let matrix =
        |rows, columns, k| Array2::from_shape_fn((rows, columns), |(i, j)| 0.9 * wave(i, j, k));
    let row = |n, k| Array1::from_shape_fn(n, |i| 0.8 * wave(i, 0, k));
    let width = if projection { 2 } else { 3 };
    let mut cell = Lstm::new(matrix(3, 12, 1), matrix(width, 12, 2), row(12, 3));
    if peepholes {
        let parameters = &mut cell.parameters;
        (parameters.p_i, parameters.p_f, parameters.p_o) = (row(3, 4), row(3, 5), row(3, 6));
    }
    cell.parameters.projection = projection.then(|| matrix(3, 2, 7));
    cell.clip = clip.unwrap_or(f64::INFINITY);
    cell.coupled = coupled;
    cell
}

fn widths(cell: &Lstm<f64>) -> [usize; 2] {
    [cell.parameters.u.nrows(), 3]
}

/// All sixteen. Where the memory is clipped, k lies in a gap, so that no entry is near the kink.
fn every_variant() -> Vec<Lstm<f64>> {
    let gaps = [0.34, 0.40, 0.55, 0.31, 0.44, 0.43, 0.26, 0.27];
    let bit = |n: usize, k: usize| n >> k & 1 == 1;
    let variant = |n| small(bit(n, 0), bit(n, 1), bit(n, 2), (n >= 8).then(|| gaps[n - 8]));
    (0..16).map(variant).collect()
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
    for (n, cell) in every_variant().into_iter().enumerate() {
        let mut problem = asked_of(widths(&cell), 7, n % 3 == 0);
        for truncation in every_truncation(8) {
            problem.truncation = truncation;
            assert_windows(&cell, &problem);
        }
    }
}

#[test]
fn a_window_as_long_as_the_sequence_is_no_truncation() {
    let cell = small(true, true, false, None);
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
        assert!(held >= 2 && held <= memory.len() - 2, "{held} of {}", memory.len());
        assert!(memory.iter().all(|c| c.abs() <= cell.clip));
    }
}

#[test]
fn coupled_gates_share_out_one_whole() {
    let cell = small(true, false, true, None);
    let kept = forward(&cell, &problem([3, 3], 4)).kept;
    assert!(kept.iter().all(|gates| (&gates.i + &gates.f).iter().all(|&sum| sum == 1.0)));
}

#[test]
fn what_is_not_read_has_no_gradient() {
    let cell = small(true, false, true, None);
    let got = derived(&cell, &problem([3, 3], 4));
    assert!(got["p_f"].iter().all(|&g| g == 0.0));
    assert!(got["b"].iter().skip(3).take(3).all(|&g| g == 0.0));
    assert!(got["b"].iter().take(3).all(|&g| g != 0.0));
}

/// Parameters or their gradients in the tape's layout: the peepholes side by side, and of coupled gates no f at all.
fn as_on_tape(cell: &Lstm<f64>, bias: bool, mut arrays: Arrays) -> Arrays {
    let peepholes = ["p_i", "p_f", "p_o"].map(|name| arrays.remove(name).unwrap());
    let views = peepholes.each_ref().map(|p| p.view());
    let side_by_side = match cell.coupled {
        true => concatenate(Axis(0), &[views[0].clone(), views[2].clone()]),
        false => concatenate(Axis(0), &views),
    };
    if cell.parameters.p_o.iter().any(|&p| p != 0.0) {
        arrays.insert("peepholes".into(), side_by_side.unwrap());
    }
    if let Some(p) = arrays.remove("p") {
        arrays.insert("projection".into(), p);
    }
    if cell.coupled {
        for name in ["w", "u", "b"] {
            let all = &arrays[name];
            let last = Axis(all.ndim() - 1);
            let (i, rest) =
                (all.slice_axis(last, Slice::from(..3)), all.slice_axis(last, Slice::from(6..)));
            let without = concatenate(last, &[i, rest]).unwrap();
            arrays.insert(name.into(), without);
        }
    }
    if !bias {
        arrays.remove("b");
    }
    arrays
}

/// What the tape and the paper give.
fn both(
    cell: &Lstm<f64>,
    bias: bool,
    problem: &Problem<f64, 2>,
    truncation: bptt::Truncation,
) -> (Arrays, Arrays) {
    let (mut cell, mut store) = (cell.clone(), ParamStore::new());
    if !bias {
        cell.parameters.b.fill(0.0);
    }
    let form = lstm::Form {
        bias,
        peepholes: cell.parameters.p_o.iter().any(|&p| p != 0.0),
        projection: cell.parameters.projection.as_ref().map(Array2::ncols),
        coupled: cell.coupled,
        cell_clip: cell.clip.is_finite().then_some(cell.clip),
        ..lstm::Form::default()
    };
    let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let init = Uniform::recurrent(3);
    let tape = lstm::Lstm::new(&mut store, "rnn", (3, 3), form, &init, rng).unwrap();
    load(&mut store, &as_on_tape(&cell, bias, owned(cell.parameters.named())));
    let got = swept(&tape, &store, ["h0", "c0"], problem, truncation);
    (got, as_on_tape(&cell, bias, derived(&cell, problem)))
}

#[test]
fn the_tape_gives_what_the_paper_gives() {
    for (n, cell) in every_variant().into_iter().enumerate() {
        for bias in [true, false] {
            for problem in every_problem(widths(&cell), 5) {
                let (got, want) = both(&cell, bias, &problem, bptt::Truncation::Full);
                let what = format!("variant {n:04b}, bias {bias}, {}", title(&problem));
                assert_agree(&got, &want, 1e-12, what);
            }
        }
    }
}

#[test]
fn every_window_of_the_tape_is_that_of_the_paper() {
    for (n, cell) in every_variant().into_iter().enumerate() {
        let mut problem = asked_of(widths(&cell), 7, n % 3 == 0);
        for (window, paper, whole) in every_window(7) {
            problem.truncation = paper;
            let (mut got, mut want) = both(&cell, true, &problem, window);
            for arrays in [&mut got, &mut want] {
                arrays.retain(|name, _| name != "loss" && (whole || name != "inputs"));
            }
            assert_agree(&got, &want, 1e-12, format!("variant {n:04b}, {}", title(&problem)));
        }
    }
}
