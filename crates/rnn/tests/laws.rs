//! What holds for every recurrence, whatever it computes.
//!
//! One law, one test; each is asked of every cell in every case: unrolled as a whole or in windows, with rows of one
//! length or of many.

use crate::every_cell;
use every_cell::{B, Case, Data, Model, T, cases, every_cell, run, weighed};
use ndarray::{ArrayD, Axis, Slice, s};
use rnn::{
    Cell, Input, Sequence, State, Stepper, Trajectory, bptt::Truncation, bptt::Window, unroll,
};
use tape::{Tape, Var};

/// The bits of an array.
fn bits(array: &ArrayD<f64>) -> Vec<u64> {
    array.iter().map(|x| x.to_bits()).collect()
}

#[track_caller]
fn assert_same_bits(a: &[ArrayD<f64>], b: &[ArrayD<f64>], what: &str) {
    assert!(a.iter().map(bits).eq(b.iter().map(bits)), "{what}: {a:?} {b:?}");
}

#[track_caller]
fn assert_close(a: &[ArrayD<f64>], b: &[ArrayD<f64>], what: &str) {
    for (a, b) in a.iter().zip(b) {
        let scale = b.iter().fold(1e-3, |max: f64, x| max.max(x.abs()));
        let error = (a - b).iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        assert!(error <= 1e-12 * scale, "{what}: {error:e} of {scale:e}");
    }
}

#[test]
fn unrolling_is_a_loop_of_steps() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        for case in cases() {
            let data = Data::new(case);
            let tape = Tape::new();
            let (p, xs) = (model.store.bind(&tape), data.sequence(&tape, 0..T));
            let mut state = data.start(&tape, &model.cell);
            let mut outputs = Vec::new();
            for t in 0..T {
                let x = xs.dense(&tape).select(0, t);
                state = xs.step(t, state, |state| {
                    let x = model.cell.project(p, Input::Dense(x));
                    model.cell.step(p, x, state)
                });
                outputs.push(state.output());
            }
            let outputs = xs.clear_padding(tape.stack(&outputs));
            let mut looped = vec![outputs.value()];
            looped.extend(state.parts().iter().map(|part| part.value()));
            let found = run(model, &data, case.truncation);
            assert_same_bits(&found.values, &looped, model.name);
            if case.truncation == Truncation::Full {
                let gradients = tape.backward(weighed(outputs, 0, &data.rows));
                let by_loop: Vec<_> = model.of_each(|id| gradients.param(id).cloned());
                assert_close(&found.gradients, &by_loop, model.name);
            }
        }
    }
    every_cell!(law);
}

#[test]
fn the_states_that_unroll_yields_are_those_of_a_run() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        let (tape, data) =
            (Tape::new(), Data::new(Case { truncation: Truncation::Full, padded: false }));
        let (p, xs) = (model.store.bind(&tape), data.sequence(&tape, 0..T));
        let start = data.start(&tape, &model.cell);
        let states: Vec<_> = unroll(&model.cell, p, xs.input(), start).collect();
        let mut outputs = Vec::new();
        let last = model.cell.run(p, &xs, start, &mut outputs);
        let values = |vars: &[Var<'_, f64>]| vars.iter().map(|v| v.value()).collect::<Vec<_>>();
        let yielded: Vec<_> = states.iter().map(|s| s.output()).collect();
        assert_same_bits(&values(&yielded), &values(&outputs), model.name);
        assert_same_bits(&values(&states[T - 1].parts()), &values(&last.parts()), model.name);
    }
    every_cell!(law);
}

#[test]
fn permuting_rows_commutes() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        let order = [2, 0, 3, 1];
        for case in cases() {
            let data = Data::new(case);
            let found = run(model, &data, case.truncation);
            let moved = run(model, &data.select(&order), case.truncation);
            let values: Vec<_> =
                found.values.iter().map(|y| y.select(Axis(y.ndim() - 2), &order)).collect();
            assert_same_bits(&moved.values, &values, model.name);
            assert_close(&moved.gradients, &found.gradients, model.name);
        }
    }
    every_cell!(law);
}

#[test]
fn padding_changes_no_bit() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        for case in cases() {
            let data = Data::new(case);
            let found = run(model, &data, case.truncation);
            let mut sums: Vec<_> = found.gradients.iter().map(|g| g * 0.0).collect();
            for r in 0..B {
                // Alone and no longer than it is; then alone with padding behind it.
                let row = data.select(&[r]);
                let length = row.length(0);
                let alone = run(model, &row.cut(length), case.truncation);
                let padded = run(model, &row.padded_to(T + 2), case.truncation);
                let y = found.values[0].select(Axis(1), &[r]);
                assert!(
                    y.slice_axis(Axis(0), Slice::from(length..)).iter().all(|y| y.to_bits() == 0)
                );
                let own = |y: &ArrayD<f64>, axis| match axis {
                    0 => y.slice_axis(Axis(0), Slice::from(..length)).to_owned(),
                    _ => y.select(Axis(0), &[r]),
                };
                let of_batch: Vec<_> = [own(&y, 0)]
                    .into_iter()
                    .chain(found.values[1..].iter().map(|s| own(s, 1)))
                    .collect();
                assert_same_bits(&of_batch, &alone.values, model.name);
                assert_same_bits(&padded.values[1..], &alone.values[1..], model.name);
                assert_eq!(padded.gradients, alone.gradients, "{}", model.name);
                sums.iter_mut().zip(&alone.gradients).for_each(|(sum, g)| *sum += g);
            }
            assert_close(&sums, &found.gradients, model.name);
        }
    }
    every_cell!(law);
}

#[test]
fn detaching_changes_no_value() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        for case in cases() {
            let data = Data::new(case);
            let whole = run(model, &data, Truncation::Full);
            let found = run(model, &data, case.truncation);
            assert_same_bits(&found.values, &whole.values, model.name);
            if case.truncation != Truncation::Full {
                assert_ne!(
                    found.gradients, whole.gradients,
                    "{}: something was cut off",
                    model.name
                );
            }
        }
    }
    every_cell!(law);
}

#[test]
fn a_window_of_the_whole_length_changes_no_bit() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        for padded in [false, true] {
            let data = Data::new(Case { truncation: Truncation::Full, padded });
            let whole = run(model, &data, Truncation::Full);
            for (k1, k2) in [(T, T), (T, T + 4), (T + 2, T + 2)] {
                let window = Truncation::Window(Window::new(k1, k2).unwrap());
                let found = run(model, &data, window);
                assert_same_bits(&found.values, &whole.values, model.name);
                assert_same_bits(&found.gradients, &whole.gradients, model.name);
            }
            // Swept from more often, it is the same sum in another order.
            let window = Truncation::Window(Window::new(2, T).unwrap());
            assert_close(&run(model, &data, window).gradients, &whole.gradients, model.name);
        }
    }
    every_cell!(law);
}

#[test]
fn the_contributions_of_the_steps_add_up_to_the_gradient() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        for case in cases() {
            let data = Data::new(case);
            let found = run(model, &data, case.truncation);
            let mut sums: Vec<_> = found.gradients.iter().map(|g| g * 0.0).collect();
            for t in 0..T {
                let only = run(model, &data.only(t), case.truncation);
                sums.iter_mut().zip(&only.gradients).for_each(|(sum, g)| *sum += g);
            }
            assert_close(&sums, &found.gradients, model.name);
        }
    }
    every_cell!(law);
}

#[test]
fn a_row_that_is_reset_begins_anew_and_the_others_go_on() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        let data = Data::new(Case { truncation: Truncation::Full, padded: false });
        let mask = [true, false, false, true];
        let tape = Tape::new();
        let p = model.store.bind(&tape);
        let x = tape.leaf(&data.x);
        let xs = Sequence::time_major(Input::Dense(x));
        let (early, late) = (xs.window(0..3), xs.window(3..T));
        let go = |state| {
            let mut outputs = Vec::new();
            model.cell.run(p, &late, state, &mut outputs);
            tape.stack(&outputs)
        };
        let start = data.start(&tape, &model.cell);
        let before = model.cell.run(p, &early, start, &mut Vec::new());
        let plain = go(before);
        let anew = go(model.cell.zeros(&tape, B));
        let reset = go(before.reset_rows(&mask));
        let to_zeros = go(before.reset_rows_to(&mask, model.cell.zeros(&tape, B)));
        let detached = go(before.detach_rows(&mask));
        assert_same_bits(&[reset.value()], &[to_zeros.value()], model.name);
        assert_same_bits(&[detached.value()], &[plain.value()], model.name);
        let dx = |y| tape.backward(weighed(y, 3, &data.rows))[x].slice(s![..3, .., ..]).to_owned();
        let (of_plain, of_reset, of_detached) = (dx(plain), dx(reset), dx(detached));
        assert!(of_plain.iter().any(|&dx| dx != 0.0), "{}: nothing to cut off", model.name);
        for (r, masked) in mask.into_iter().enumerate() {
            let row = |y: Var<'_, f64>| y.value().select(Axis(1), &[r]);
            let want = if masked { anew } else { plain };
            assert_same_bits(&[row(reset)], &[row(want)], model.name);
            for cut in [&of_reset, &of_detached] {
                let (cut, plain) = (cut.select(Axis(1), &[r]), of_plain.select(Axis(1), &[r]));
                assert_eq!(cut, if masked { plain * 0.0 } else { plain }, "{}", model.name);
            }
        }
    }
    every_cell!(law);
}

#[test]
fn a_stepper_has_the_bits_of_the_tape() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        let data = Data::new(Case { truncation: Truncation::Full, padded: false });
        let tape = Tape::new();
        let mut outputs = Vec::new();
        let start = data.start(&tape, &model.cell);
        let xs = data.sequence(&tape, 0..T);
        let last = model.cell.run(model.store.bind(&tape), &xs, start, &mut outputs);

        let mut stepper = Stepper::new(&model.cell, &model.store, B);
        let start: Vec<_> = start.parts().iter().map(|part| part.value()).collect();
        stepper.set_state(&start).unwrap();
        for (t, y) in outputs.iter().enumerate() {
            let y_t = stepper.step(data.x.index_axis(Axis(0), t)).clone();
            assert_same_bits(&[y_t], &[y.value()], model.name);
        }
        let last: Vec<_> = last.parts().iter().map(|part| part.value()).collect();
        assert_same_bits(stepper.state(), &last, model.name);
        assert_eq!(stepper.time(), T);
    }
    every_cell!(law);
}

#[test]
fn a_trajectory_holds_the_states_of_the_run() {
    fn law<C: Cell<f64>>(model: &Model<C>) {
        for padded in [false, true] {
            let data = Data::new(Case { truncation: Truncation::Full, padded });
            let found = run(model, &data, Truncation::Full);
            let tape = Tape::new();
            let (p, xs) = (model.store.bind(&tape), data.sequence(&tape, 0..T));
            let seen = Trajectory::record(&model.cell, p, &xs, data.start(&tape, &model.cell));
            assert_eq!(seen.len(), T);
            let last: Vec<_> = seen.state(T - 1).iter().map(|part| part.value()).collect();
            assert_close(&last, &found.values[1..], model.name);
            let names = |t| seen.gates(t).iter().map(|(name, _)| *name).collect::<Vec<_>>();
            assert_eq!(names(0), names(T - 1), "{}", model.name);
            for name in names(T - 1) {
                assert!(seen.gate(T - 1, name).is_some(), "{}: {name}", model.name);
            }
        }
    }
    every_cell!(law);
}
