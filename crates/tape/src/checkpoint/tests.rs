use crate::{Gradients, Param, ParamId, Tape, Var};
use ndarray::{Array, ArrayD, arr1};
use slotmap::SlotMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Step = for<'a> fn(&'a Tape<f64>, &[Var<'a, f64>]) -> Var<'a, f64>;

fn matrix(rows: usize, columns: usize, phase: f64) -> ArrayD<f64> {
    Array::from_shape_fn((rows, columns), |(i, j)| f64::sin(phase + (i * columns + j) as f64))
        .into_dyn()
}

/// Twenty steps of a network with dropout on its recurrent edge: inputs `h`, `W`, `x`.
fn segment<'a>(first: u64, x: &[Var<'a, f64>]) -> Var<'a, f64> {
    let mut h = x[0];
    for t in first..first + 20 {
        h = ((h.matmul(x[1]) + x[2]).tanh() + h * x[2] * 0.1).dropout(0.2, 7, t);
    }
    h
}

/// Twelve of them, and the weight used once more before, between and behind.
fn network<'t>(tape: &'t Tape<f64>, x: &[Var<'t, f64>; 3], remember: bool) -> Var<'t, f64> {
    let [mut h, w, x] = *x;
    h = h.matmul(w).tanh();
    // The sum of the states reaches every segment, however fast adjoints fade.
    let mut sum = h;
    for k in 0..12 {
        let inputs = [h, w, x];
        h = if remember {
            segment(20 * k, &inputs)
        } else {
            tape.checkpoint(&inputs, move |_, x| segment(20 * k, x))
        };
        sum = sum + h;
        if k == 5 {
            h = h.matmul(w) + x * h;
        }
    }
    (h.matmul(w) * h + sum).sum() + w.square().sum()
}

fn inputs(tape: &Tape<f64>) -> [Var<'_, f64>; 3] {
    [matrix(2, 3, 0.3), matrix(3, 3, 0.1), matrix(2, 3, 0.5)].map(|x| tape.leaf(x))
}

/// A step that reads two stretches of the columns of its weight.
fn in_parts<'a>(x: &[Var<'a, f64>]) -> Var<'a, f64> {
    let [h, w] = [x[0], x[1]];
    let (one, two) = (h.matmul_columns(w, 0..1), h.matmul_columns(w, 1..3));
    h * 0.5 + one.sum().tanh() * two.sum().tanh()
}

#[test]
fn a_weight_that_is_used_in_parts_has_the_gradient_of_all_of_them() {
    let run = |remember: bool| {
        let tape = Tape::<f64>::new();
        let [mut h, w, _] = inputs(&tape);
        for _ in 0..4 {
            let x = [in_parts(&[h, w]), w];
            h = if remember { in_parts(&x) } else { tape.checkpoint(&x, |_, x| in_parts(x)) };
        }
        tape.backward(h.sum())[w].clone()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn gradients_have_the_same_bits_and_the_values_take_a_fraction_of_the_memory() {
    let (full, thin) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, z) = (inputs(&full), inputs(&thin));
    let (loss, same) = (network(&full, &x, true), network(&thin, &z, false));
    assert_eq!(loss.item().to_bits(), same.item().to_bits());
    // At its peak a sweep has one segment in memory beside what stays.
    let one = Tape::<f64>::new();
    segment(0, &inputs(&one));
    let peak = thin.bytes() + one.bytes();
    assert!(peak * 8 < full.bytes(), "{peak} of {} bytes", full.bytes());
    let gradients = full.backward(loss);
    // Twice: the second sweep works in the memory that the first has left.
    for _ in 0..2 {
        let again = thin.backward(same);
        for (x, z) in x.into_iter().zip(z) {
            assert_eq!(gradients[x], again[z]);
        }
    }
}

#[test]
fn sweeps_take_no_more_memory_the_second_time() {
    let tape = Tape::<f64>::new();
    let x = inputs(&tape);
    // Sums that begin inside and end outside must not drain one free list and fill another.
    let loss = tape.checkpoint(&x, |_, x| segment(0, x)).sum();
    let buffers = || tape.pool.lock().count();
    drop(tape.backward(loss));
    let first = buffers();
    for _ in 0..3 {
        drop(tape.backward(loss));
    }
    assert_eq!(buffers(), first);
}

#[test]
fn a_parameter_bound_inside_is_the_one_bound_outside() {
    let mut ids = SlotMap::<ParamId, ()>::with_key();
    let [p, q] = [0.2, 0.9].map(|phase| Param::new(ids.insert(()), matrix(3, 3, phase)));
    let run = |checkpointed: bool| -> Gradients<f64> {
        let tape = Tape::<f64>::new();
        let mut h = tape.leaf(matrix(2, 3, 0.4));
        for _ in 0..3 {
            let (p, q) = (p.clone(), q.clone());
            h = if checkpointed {
                tape.checkpoint(&[h], move |tape, x| {
                    let h = x[0].matmul(tape.param(&p)).tanh();
                    h.matmul(tape.param(&q)).tanh().matmul(tape.param(&p))
                })
            } else {
                let y = h.matmul(tape.param(&p)).tanh();
                y.matmul(tape.param(&q)).tanh().matmul(tape.param(&p))
            };
        }
        tape.backward((h * h.matmul(tape.param(&p))).sum())
    };
    let (plain, thin) = (run(false), run(true));
    assert_eq!(thin.params().count(), 2);
    for id in [p.id, q.id] {
        assert_eq!(thin[id], plain[id]);
    }
}

#[test]
fn segments_nest_and_an_input_may_come_twice_or_be_the_output() {
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.leaf([0.3, -0.4]), tape.leaf([1.1, 0.7]));
    let inner: Step = |_, x| (x[0] * x[1]).tanh() * x[2];
    let y = tape.checkpoint(&[x, w], move |tape, x| {
        let y = tape.checkpoint(&[x[0], x[1], x[0]], inner);
        tape.checkpoint(&[y, x[1], y], inner) + x[0]
    });
    let plain = {
        let y = (x * w).tanh() * x;
        (y * w).tanh() * y + x
    };
    assert_eq!(y.value(), plain.value());
    let (thin, full) = (tape.backward(y.sum()), tape.backward(plain.sum()));
    assert_eq!((&thin[x], &thin[w]), (&full[x], &full[w]));
    let same = tape.checkpoint(&[x, w], |_, x| x[0]);
    let gradients = tape.backward((same * x).sum());
    assert_eq!(gradients[x], arr1(&[0.6, -0.8]).into_dyn());
    assert_eq!(gradients[w], arr1(&[0.0, 0.0]).into_dyn());
}

#[test]
fn a_constant_that_is_watched_later_has_its_gradient_through_a_segment() {
    let tape = Tape::<f64>::new();
    let c = tape.constant(3.0);
    let y = tape.checkpoint(&[c], |_, x| x[0].square());
    c.watch();
    assert_eq!(tape.backward(y)[c].sum(), 6.0);
}

#[test]
fn a_cut_keeps_what_a_segment_reads() {
    let tape = Tape::<f64>::new();
    let w = tape.leaf(3.0);
    let h = w.square();
    tape.checkpoint(&[h], |_, x| x[0].exp());
    let mark = tape.mark();
    let v = tape.leaf(2.0);
    let y = tape.checkpoint(&[h, v], |_, x| x[0] * x[1].square());
    tape.cut(mark);
    assert_eq!(tape.backward(y)[v].sum(), 36.0);
}

#[test]
fn a_segment_that_changes_its_mind_is_found_out_and_the_tape_goes_on() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf([1.0, 2.0]);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let y = tape.checkpoint(&[x], move |_, x| {
        let first = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        if first { x[0].square() } else { x[0].sum() }
    });
    let sweep = catch_unwind(AssertUnwindSafe(|| tape.backward(y.sum())));
    let said = *sweep.unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("it must do the same at every call"), "{said}");
    let z = tape.checkpoint(&[x], |_, x| x[0].square());
    assert_eq!(tape.backward(z.sum())[x], arr1(&[2.0, 4.0]).into_dyn());
}

#[test]
fn in_a_pause_a_segment_is_forgotten() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let alive = std::sync::Arc::new(());
    let held = alive.clone();
    let y = tape.no_grad(|| {
        tape.checkpoint(&[x], move |_, x| {
            let _held = &held;
            x[0].square()
        })
    });
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
    assert_eq!(tape.backward(x * y)[x].sum(), 9.0);
}

#[test]
fn a_weight_that_was_itself_computed_has_the_same_bits_too() {
    let gradients = [true, false].map(|remember| {
        let tape = Tape::<f64>::new();
        let [h, w, x] = inputs(&tape);
        let computed = (w * 1.5).tanh();
        let gradients = tape.backward(network(&tape, &[h, computed, x], remember));
        [h, w, x].map(|leaf| gradients[leaf].clone())
    });
    assert_eq!(gradients[0], gradients[1]);
    assert!(gradients[0][1].iter().all(|dw| dw.abs() > 1e-3));
}

#[test]
fn a_hook_inside_is_called_once_in_a_sweep() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = calls.clone();
    let y = tape.checkpoint(&[x], move |_, x| {
        let calls = counted.clone();
        let inside = x[0].square().hook(move |mut dy| {
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            dy *= 0.5;
        });
        inside * inside
    });
    assert_eq!(tape.backward(y)[x].sum(), 54.0); // half of 4x³
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 1);
}
