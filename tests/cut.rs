//! What a cut releases, what survives it, and where adjoints stop.

use ndarray::{Array1, Array2, ArrayD, arr0, arr1};
use rnn::ParamStore;
use std::collections::VecDeque;
use tape::{Error, ParamId, Tape, Var};

fn number(x: f64) -> ArrayD<f64> {
    arr0(x).into_dyn()
}

fn wave(rows: usize, cols: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| 0.4 * f64::sin((1 + i * i + 3 * j) as f64))
}

/// A store with one parameter.
fn one(value: ArrayD<f64>) -> (ParamStore<f64>, ParamId) {
    let mut store = ParamStore::new();
    let id = store.add("w", value).expect("the only name");
    (store, id)
}

#[test]
fn what_is_still_read_is_a_constant_as_if_it_had_been_detached() {
    let (store, id) = one(wave(3, 3).into_dyn());
    let run = |cut: bool| {
        let tape = Tape::new();
        let w = store.bind(&tape).var(id);
        let x = tape.leaf(wave(2, 3));
        let (h, gate) = (x.matmul(w).tanh(), x.matmul(w).sigmoid());
        let mark = tape.mark();
        let [h, gate] = [h, gate].map(|v| if cut { v.identity() } else { v.detach() });
        let loss = ((h.matmul(w) * gate).tanh() + h).square().sum();
        if cut {
            tape.cut(mark);
        }
        (tape.backward(loss)[id].clone(), loss.item(), tape.len())
    };
    let (with_cut, without) = (run(true), run(false));
    assert_eq!((&with_cut.0, with_cut.1), (&without.0, without.1));
    assert_eq!(
        with_cut.2,
        without.2 - 5 + 2,
        "x, two products, tanh and σ went; two values stayed"
    );
}

#[test]
fn a_leaf_from_before_a_cut_has_no_gradient_left() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let mark = tape.mark();
    let y = (x * x).watch();
    tape.cut(mark);
    let gradients = tape.backward(y);
    assert_eq!(gradients[y], number(1.0));
    let error = gradients.get(x).unwrap_err().to_string();
    assert!(error.contains("a cut had released it"), "{error}");
}

#[test]
fn a_stale_variable_is_told_which_cut_and_where_and_what_to_do() {
    let tape = Tape::<f64>::new();
    let (read, unread) = (tape.leaf(1.0), tape.leaf(2.0));
    let first = tape.mark();
    let y = read + 1.0;
    let second = tape.mark();
    let _z = y + 1.0;
    let stale = |var: Var<'_, f64>, cut: u64, line: u32| {
        let error = tape.try_backward(var).unwrap_err();
        assert!(matches!(error, Error::Stale { .. }));
        let expected = format!(
            "backward: node {} was released by a cut (number {cut}, the last, was made at {}:{line}:10); \
             to carry a value over a cut, record it again behind the mark (`var.detach()` before cutting) \
             or read it before (`var.value()`)",
            var.id(),
            file!()
        );
        assert_eq!(error.to_string(), expected);
    };
    tape.cut(first);
    let line = line!() - 1;
    stale(unread, 1, line);
    stale(read, 1, line); // kept for `y`, but nobody's to read any more
    assert!(tape.try_backward(y).is_ok());
    tape.cut(second);
    let line = line!() - 1;
    stale(y, 2, line);
    stale(unread, 2, line);
}

#[test]
fn a_refused_op_leaves_nothing_on_the_tape() {
    let tape = Tape::<f64>::new();
    let old = tape.leaf(1.0);
    let mark = tape.mark();
    let new = tape.leaf(2.0);
    tape.cut(mark);
    let (len, bytes) = (tape.len(), tape.bytes());
    assert!(tape.try_apply(tape::ops::shape::stack::Stack, &[new, new, old]).is_err());
    assert_eq!((tape.len(), tape.bytes()), (len, bytes));
    assert_eq!(tape.backward(new * new)[new], number(4.0));
}

#[test]
fn parameters_survive_and_keep_their_gradient() {
    let (store, id) = one(arr1(&[2.0, -3.0]).into_dyn());
    let tape = Tape::new();
    let w = store.bind(&tape).var(id);
    for _ in 0..3 {
        let _ = w.square();
        tape.cut(tape.mark());
        assert_eq!(tape.len(), 1);
    }
    assert_eq!(store.bind(&tape).var(id).id(), w.id());
    let gradients = tape.backward((w * w).sum());
    assert_eq!(gradients[id], arr1(&[4.0, -6.0]).into_dyn());
    assert_eq!(gradients[w], gradients[id]);
}

#[test]
fn a_parameter_written_before_a_cut_lives_on_only_where_it_is_read() {
    let (mut store, id) = one(number(2.0));
    let tape = Tape::new();
    let old = store.bind(&tape).var(id);
    let mark = tape.mark();
    let y = old * 3.0;
    *store.get_mut(id) = number(5.0);
    let new = store.bind(&tape).var(id);
    let loss = y * new;
    tape.cut(mark);
    assert_eq!(tape.backward(loss)[id], number(15.0 + 6.0));
    tape.cut(tape.mark());
    assert_eq!(tape.len(), 1, "only the new leaf is bound");
    assert!(tape.try_backward(old).is_err());
    assert_eq!(tape.backward(new)[id], number(1.0));
}

#[test]
fn views_of_what_is_released_survive() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(wave(4, 3)) * 1.0;
    let expected = x.value();
    let before = x.slice(0, 1..3).reshape([3, 2]);
    let mark = tape.mark();
    let (y, z) = (before.identity().slice(0, 1..3), x.select(0, 3));
    let sum = before.sum() + y.sum() + z.sum() + x.reshape([2, 6]).slice(0, 1..2).sum();
    tape.cut(mark);
    let flat = expected.flatten();
    assert_eq!(y.value().flatten(), flat.slice(ndarray::s![5..9]));
    assert_eq!(z.value().flatten(), flat.slice(ndarray::s![9..12]));
    let rows = flat.slice(ndarray::s![3..9]).sum()
        + flat.slice(ndarray::s![5..9]).sum()
        + flat.slice(ndarray::s![9..12]).sum();
    assert!((sum.item() - rows - flat.slice(ndarray::s![6..12]).sum()).abs() < 1e-14);
    // and once more, when all that is left of `x` is what the views share
    let mark = tape.mark();
    let last = y * 2.0;
    tape.cut(mark);
    assert_eq!(last.value().flatten(), &flat.slice(ndarray::s![5..9]) * 2.0);
    assert_eq!(tape.len(), 2);
}

#[test]
fn a_view_of_a_view_outlives_both() {
    let tape = Tape::<f64>::new();
    let view = (tape.leaf([1.0, 2.0, 3.0, 4.0]) * 2.0).slice(0, 1..4);
    let mark = tape.mark();
    let inner = view.slice(0, 1..3);
    tape.cut(mark);
    assert_eq!(inner.value(), arr1(&[6.0, 8.0]).into_dyn());
}

#[test]
fn a_view_behind_the_mark_passes_adjoints_to_a_parameter() {
    let (store, id) = one(wave(2, 3).into_dyn());
    let tape = Tape::new();
    let w = store.bind(&tape).var(id);
    tape.cut(tape.mark());
    let row = w.select(0, 1).square().sum();
    let gradient = tape.backward(row)[id].clone();
    let mut expected = Array2::zeros((2, 3));
    expected.row_mut(1).assign(&(&wave(2, 3).row(1) * 2.0));
    assert_eq!(gradient, expected.into_dyn());
}

#[test]
fn cutting_twice_at_one_mark_is_cutting_once() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let early = tape.mark();
    let y = x * 2.0;
    let late = tape.mark();
    let z = y.square();
    tape.cut(late);
    let len = tape.len();
    tape.cut(late);
    tape.cut(early);
    assert_eq!((tape.len(), z.item()), (len, 36.0));
    tape.cut(tape.mark());
    assert!(tape.is_empty());
}

#[test]
fn a_mark_of_another_tape_is_refused() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let x = tape.leaf(1.0);
    other.leaf(1.0);
    assert!(matches!(tape.try_cut(other.mark()), Err(Error::Foreign { what: "cut", node: 1 })));
    assert_eq!((tape.len(), x.item()), (1, 1.0));
}

/// `hₜ = tanh(hₜ₋₁ W + xₜ)`
fn step<'t>(w: Var<'t, f64>, h: Var<'t, f64>, t: usize) -> Var<'t, f64> {
    let x = Array1::from_shape_fn(2, |i| f64::cos((t + 5 * i) as f64));
    h.affine(w, w.tape().constant(x)).tanh()
}

#[test]
fn truncated_windows_without_end_take_no_more_memory_than_a_few() {
    let (store, id) = one(wave(2, 2).into_dyn());
    let tape = Tape::new();
    let w = store.bind(&tape).var(id);
    let mut h = tape.constant(Array2::zeros((1, 2)));
    let mut steady = (0, 0);
    for window in 0..100_000 {
        let mut loss = tape.constant(0.0);
        for t in 0..3 {
            h = step(w, h, 3 * window + t);
            loss = loss + h.sum();
        }
        if window % 1000 == 0 {
            assert!(tape.backward(loss)[id].iter().all(|g| g.is_finite()));
        }
        let filled = (tape.len(), tape.bytes());
        if window == 2 {
            steady = filled;
        }
        assert!(
            window < 2 || filled == steady,
            "window {window}: {filled:?} but {steady:?} before"
        );
        let mark = tape.mark();
        h = h.detach();
        tape.cut(mark);
        assert_eq!(tape.len(), 3, "the parameter, the state, and what it was detached from");
    }
}

#[test]
fn a_sliding_window_sweeps_the_last_steps_and_no_others() {
    const K2: usize = 64;
    const STEPS: usize = 5000;
    let (store, id) = one(wave(2, 2).into_dyn());
    let tape = Tape::new();
    let w = store.bind(&tape).var(id);
    let mut h = tape.constant(Array2::zeros((1, 2)));
    let (mut marks, mut states) = (VecDeque::new(), VecDeque::new());
    let (mut len, mut most, mut last) = (0, 0, ArrayD::zeros(vec![]));
    for t in 0..STEPS {
        marks.push_back(tape.mark());
        states.push_back(h.value());
        h = step(w, h, t);
        let loss = h.square().sum();
        if marks.len() > K2 {
            states.pop_front();
            marks.pop_front();
            tape.cut(marks[0]);
        }
        last = tape.backward(loss)[id].clone();
        if t == 2 * K2 {
            len = tape.len();
        }
        if t <= 4 * K2 {
            most = tape.bytes().max(most);
        } else {
            assert_eq!(tape.len(), len);
            assert!(tape.bytes() <= most, "step {t}: {} bytes, {most} before", tape.bytes());
        }
    }
    let fresh = Tape::new();
    let w = store.bind(&fresh).var(id);
    let start = fresh.constant(&states[0]);
    let end = (STEPS - K2..STEPS).fold(start, |h, t| step(w, h, t));
    assert_eq!(end.value(), h.value());
    assert_eq!(fresh.backward(end.square().sum())[id], last);
    assert_eq!((states.len(), marks.len()), (K2, K2));
}

/// For `hₜ = w hₜ₋₁ + xₜ` and windows of `k₂` steps, a sweep from `hₜ` every `k₁` steps finds
///
/// ```text
/// ∂hₜ/∂w ≈ Σ wᵗ⁻ˢ hₛ₋₁,    s = max(1, t − k₂ + 1) … t
/// ```
///
/// All numbers are multiples of a power of two: the sums are exact.
#[test]
fn a_truncated_gradient_is_the_truncated_sum() {
    let (w0, x) = (0.5f64, [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, -6.0]);
    let (store, id) = one(number(w0));
    for steps in 1..=8 {
        for k2 in 1..=steps {
            for k1 in 1..=k2 {
                let tape = Tape::new();
                let w = store.bind(&tape).var(id);
                let (mut h, mut marks, mut states) = (tape.constant(1.0), vec![], vec![1.0]);
                for t in 1..=steps {
                    marks.push(tape.mark());
                    h = w * h + x[t - 1];
                    states.push(h.item());
                    if t % k1 != 0 {
                        continue;
                    }
                    let first = t.saturating_sub(k2) + 1;
                    tape.cut(marks[first - 1]);
                    let expected: f64 =
                        (first..=t).map(|s| w0.powi((t - s) as i32) * states[s - 1]).sum();
                    assert_eq!(
                        tape.backward(h)[id],
                        number(expected),
                        "k₁ = {k1}, k₂ = {k2}, t = {t} of {steps}"
                    );
                }
            }
        }
    }
}
